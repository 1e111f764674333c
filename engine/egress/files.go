package egress

import "path/filepath"

// Files are the folders that a process has to be able to read while it looks hosts up: what
// says how is replaced as a whole when the network changes, so that single files would not do.
// Certificates are not among them, since New has read them.
func Files() []string {
	folders := []string{"/etc", "/run/systemd/resolve"}
	for _, file := range []string{"/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf"} {
		if real, err := filepath.EvalSymlinks(file); err == nil {
			folders = append(folders, filepath.Dir(real))
		}
	}
	return folders
}
