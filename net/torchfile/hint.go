package torchfile

import (
	"fmt"
	"path/filepath"
	"strings"

	"cnnvk/internal/files"
)

// again is a shell command that makes a file that is read of one that is not. state is Python for its state_dict, whose path is sys.argv[1].
func again(path, state string) string {
	return fmt.Sprintf(`python3 -c "import sys, torch; torch.save(%s, sys.argv[2])" %s %s`,
		state, files.Quote(path), files.Quote(strings.TrimSuffix(path, filepath.Ext(path))+".state.pt"))
}

// pythonText is a Python literal that a shell leaves alone between double quotes.
func pythonText(s string) string {
	var out strings.Builder
	out.WriteByte('\'')
	for _, r := range s {
		if r < ' ' || r > '~' || strings.ContainsRune("'\"\\$`!", r) {
			fmt.Fprintf(&out, "\\\\U%08x", r)
			continue
		}
		out.WriteRune(r)
	}
	out.WriteByte('\'')
	return out.String()
}
