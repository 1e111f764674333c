//go:build !linux

package bundle

// limitMemory relies on the memory limit of the Go runtime where the system has no
// other that counts.
func limitMemory() error { return nil }
