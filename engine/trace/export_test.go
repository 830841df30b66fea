package trace

// Keep makes a time line keep no more than that many spans.
func (l *Timeline) Keep(most int) { l.most = most }
