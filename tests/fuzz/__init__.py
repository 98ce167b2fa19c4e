"""Laws that hold for any bytes, to be tried by a fuzzer that follows coverage, and by what it found before."""
