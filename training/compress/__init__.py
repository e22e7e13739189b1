"""What does each byte buy? Compressed forms of a trained t2, each judged on the same light curves as the float one."""
