package vk

import (
	"slices"
	"sort"
)

// freeList keeps account of the free parts of an allocation: sorted by start, never touching each other.
type freeList []extent

type extent struct{ start, end int64 }

// take cuts size bytes from the smallest part that has room for them. All starts stay multiples of the alignment that sizes
// are rounded to, which is the caller's business.
func (f *freeList) take(size int64) (start int64, ok bool) {
	best := -1
	for i, e := range *f {
		room := e.end - e.start
		if room >= size && (best < 0 || room < (*f)[best].end-(*f)[best].start) {
			best = i
		}
	}
	if best < 0 {
		return 0, false
	}
	start = (*f)[best].start
	(*f)[best].start += size
	if (*f)[best].start == (*f)[best].end {
		*f = slices.Delete(*f, best, best+1)
	}
	return start, true
}

// give returns what take took.
func (f *freeList) give(start, size int64) {
	i := sort.Search(len(*f), func(i int) bool { return (*f)[i].start > start })
	*f = slices.Insert(*f, i, extent{start, start + size})
	if i+1 < len(*f) && (*f)[i].end == (*f)[i+1].start {
		(*f)[i].end = (*f)[i+1].end
		*f = slices.Delete(*f, i+1, i+2)
	}
	if i > 0 && (*f)[i-1].end == (*f)[i].start {
		(*f)[i-1].end = (*f)[i].end
		*f = slices.Delete(*f, i, i+1)
	}
}
