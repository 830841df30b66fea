package optest

import "cnnvk/engine"

// each writes the same rows for several kinds.
func each(kinds []engine.Kind, rows ...Case) []Case {
	var out []Case
	for _, k := range kinds {
		for _, c := range rows {
			c.Kind = k
			out = append(out, c)
		}
	}
	return out
}

// with sets the constants of the rows that have none of their own.
func with(a engine.Attr, rows []Case) []Case {
	for i := range rows {
		if rows[i].Attr == nil {
			rows[i].Attr = a
		}
	}
	return rows
}
