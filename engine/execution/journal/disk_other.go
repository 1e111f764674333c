//go:build unix && !linux

package journal

import "os"

func reserveDisk(file *os.File, size int64) error { return file.Truncate(size) }

func giveBack([]byte) {}

func punch(*os.File, int64, int64) error { return nil }
