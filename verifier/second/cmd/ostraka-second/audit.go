package main

import "io"

func audit([]string, io.Writer, io.Writer) int { return exitUsage }
