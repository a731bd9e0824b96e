"""Videos, read and written whole: frames, times, colours, sound, subtitles, chapters."""
