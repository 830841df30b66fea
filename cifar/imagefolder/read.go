package imagefolder

import (
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"cnnvk/cifar"
	"cnnvk/internal/files"
	"cnnvk/internal/filetype"
	"cnnvk/internal/hints"
	"cnnvk/internal/memlimit"
	"cnnvk/internal/pictures"
)

// Options say what becomes of the pictures.
type Options struct {
	Height, Width int
	Channels      int          // 3, or 1 for Pillow's convert("L")
	Fit           pictures.Fit // how pictures of other proportions are brought to that size
	Classes       []string     // those that there must be, nil for those of the training part

	Cache    Cache                        // of decoded pictures; none without a folder
	Progress func(done, total int)        // of the pictures that are decoded, if set; from several goroutines
	Warn     func(what string, err error) // of a cache that cannot be used, if set
}

func (o Options) imageBytes() int { return o.Channels * o.Height * o.Width }

// Pictures is what was read.
type Pictures struct {
	*cifar.Set
	Parts []PartRead
	Bad   []Bad // of all parts, in their order
}

// PartRead is what was read of a part. Its images stand behind those of the parts before it.
type PartRead struct {
	Part   Part
	Images int
	Bad    int
	Others int // files that are no pictures by their names
}

// Bad is a picture that cannot be read, and is left out.
type Bad struct {
	File   string `json:"file"`
	Reason string `json:"reason"`
}

// Read reads parts of the source as one set, each part behind the one before. The classes are those of the training part, wherever it is, and
// all parts must have the same. Pictures that cannot be read are left out: whether too many are is for CheckBad to say.
//
// The result is a function of the files' bytes, names and order and of the options; processors and the cache change nothing.
func (s *Source) Read(ctx context.Context, o Options, parts ...Part) (*Pictures, error) {
	classes, err := s.classesOf(ctx, o, parts)
	if err != nil {
		return nil, err
	}
	out := &Pictures{Set: &cifar.Set{
		Form:   cifar.Form{Name: s.Name(Whole), C: o.Channels, H: o.Height, W: o.Width, Classes: classes},
		Name:   s.Name(parts[0]),
		Resize: string(o.Fit),
		File:   string(parts[0]),
	}}
	found, n := make([][]file, len(parts)), 0
	for i, p := range parts {
		out.Parts = append(out.Parts, PartRead{Part: p})
		if found[i], out.Parts[i].Others, err = s.parts[p].files(ctx, classes); err != nil {
			return nil, err
		}
		n += len(found[i])
	}
	if err := o.roomFor(s.Where, n); err != nil {
		return nil, err
	}
	room := make([]byte, n*o.imageBytes())
	for i := range parts {
		d, err := o.decode(ctx, found[i], room[len(out.Images):])
		if err != nil {
			return nil, err
		}
		out.Images = room[:len(out.Images)+len(d.pixels)]
		out.add(&out.Parts[i], found[i], d)
	}
	out.MD5 = out.identity(o)
	return out, nil
}

// add notes what was decoded of a part, behind those before it.
func (p *Pictures) add(part *PartRead, found []file, d *decoded) {
	for i, f := range found {
		if why, is := d.bad[i]; is {
			p.Bad = append(p.Bad, Bad{f.path, why})
			part.Bad++
		} else {
			p.Labels = append(p.Labels, uint8(f.class))
			part.Images++
		}
	}
	if part.Part == Val && len(p.Parts) > 1 {
		p.Validation = part.Images
	}
}

// identity is a checksum of all that a training on the images depends on: their form, classes, parts, labels and pixels.
func (p *Pictures) identity(o Options) string {
	sum := md5.New()
	fmt.Fprintf(sum, "%s\n%q\n%d\n", o.form(), p.Form.Classes, p.Validation)
	sum.Write(p.Labels)
	sum.Write(p.Images)
	return hex.EncodeToString(sum.Sum(nil))
}

// classesOf are the classes that the parts must have, and have.
func (s *Source) classesOf(ctx context.Context, o Options, parts []Part) ([]string, error) {
	want, of := o.Classes, "the weights"
	if want == nil {
		first := parts[0]
		if s.Has(Train) {
			first = Train
		}
		var err error
		if want, err = s.parts[first].classes(ctx); err != nil {
			return nil, err
		}
		of = s.Name(first)
		if err := checkNames(s.placeOf(first), want); err != nil {
			return nil, err
		}
	}
	for _, p := range parts {
		classes, err := s.parts[p].classes(ctx)
		if err != nil {
			return nil, err
		}
		if err := sameClasses(s.placeOf(p), classes, want, of); err != nil {
			return nil, err
		}
	}
	return want, nil
}

// placeOf is the folder or table of a part.
func (s *Source) placeOf(p Part) string {
	switch at := s.parts[p].(type) {
	case folder:
		return at.dir
	case *table:
		return at.path
	}
	return s.Where
}

// roomFor refuses more images than there is memory for.
func (o Options) roomFor(where string, n int) error {
	need := int64(n) * int64(o.imageBytes())
	for _, l := range memlimit.Limits() {
		if need > l.Free() {
			return problem(where, "--image-size with a smaller one", "%d pictures of %dx%dx%d take %d MB of %s; %d MB are left (%s)",
				n, o.Height, o.Width, o.Channels, need>>20, l.Kind, l.Free()>>20, l.Name)
		}
	}
	return nil
}

// decode takes the pictures of a part from the cache, or decodes them and puts them there. Their pixels begin where room does, which has
// place for all of them.
func (o Options) decode(ctx context.Context, all []file, room []byte) (*decoded, error) {
	sums, err := o.sums(ctx, all)
	if err != nil {
		return nil, err
	}
	name := key(o.form(), sums)
	if o.Cache.Dir != "" {
		if d := o.Cache.load(name, len(all), o.imageBytes(), room); d != nil {
			return d, nil
		}
	}
	d, whole, err := o.decodeAll(ctx, all, sums, room)
	if err != nil || o.Cache.Dir == "" || !whole {
		return d, err
	}
	switch err := o.Cache.save(ctx, name, d); {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case err != nil && o.Warn != nil:
		o.Warn("the decoded pictures are not kept for the next time", fmt.Errorf("%s: %w", o.Cache.Dir, err))
	}
	return d, nil
}

// form is the options as the cache's files and the checksum of a set have them.
func (o Options) form() string {
	return fmt.Sprintf("%dx%dx%d %s", o.Channels, o.Height, o.Width, o.Fit)
}

// sums are the checksums of the files. One that cannot be read has the checksum of the reason.
func (o Options) sums(ctx context.Context, all []file) ([][sha256.Size]byte, error) {
	sums := make([][sha256.Size]byte, len(all))
	err := onAllCores(ctx, len(all), func(i int) {
		sums[i] = sumOf(readFile(all[i].path))
	})
	return sums, err
}

// decodeAll decodes the pictures straight into their places. Then the good ones move together. whole says that no file was written to
// meanwhile.
func (o Options) decodeAll(ctx context.Context, all []file, sums [][sha256.Size]byte, pixels []byte) (d *decoded, whole bool, err error) {
	size, reasons := o.imageBytes(), make([]error, len(all))
	var done atomic.Int64
	err = onAllCores(ctx, len(all), func(i int) {
		reasons[i] = o.decodeInto(pixels[i*size:][:size], all[i].path, sums[i])
		if n := int(done.Add(1)); o.Progress != nil {
			o.Progress(n, len(all))
		}
	})
	if err != nil {
		return nil, false, err
	}
	d, whole = &decoded{bad: map[int]string{}}, true
	good := 0
	for i, err := range reasons {
		if err != nil {
			d.bad[i], whole = hints.OneLine(err.Error()), whole && err != errChanged
			continue
		}
		copy(pixels[good*size:][:size], pixels[i*size:][:size])
		good++
	}
	d.pixels = pixels[:good*size]
	return d, whole, nil
}

// onAllCores calls do for 0 to n-1, in any order, until ctx ends.
func onAllCores(ctx context.Context, n int, do func(i int)) error {
	var next atomic.Int64
	var g errgroup.Group
	for range min(runtime.GOMAXPROCS(0), n) {
		g.Go(func() error {
			for {
				i := int(next.Add(1)) - 1
				if i >= n {
					return nil
				}
				if err := context.Cause(ctx); err != nil {
					return err
				}
				do(i)
			}
		})
	}
	return g.Wait()
}

// decodeInto decodes one picture, which must be the file that has the checksum, into (C,H,W).
func (o Options) decodeInto(out []byte, path string, sum [sha256.Size]byte) error {
	data, err := readFile(path)
	if sumOf(data, err) != sum {
		return errChanged
	}
	if err != nil {
		return err
	}
	m, err := pictures.Decode(data)
	if name := filetype.Of(data).Name; errors.Is(err, pictures.ErrForm) && name != "" {
		return fmt.Errorf("%s, %w", name, err)
	}
	if err != nil {
		return err
	}
	if o.Channels == 1 {
		for i, luma := range m.Grey() {
			m.Pix[3*i], m.Pix[3*i+1], m.Pix[3*i+2] = luma, luma, luma
		}
	}
	m = m.Fit(o.Width, o.Height, o.Fit)
	plane := o.Height * o.Width
	for c := range o.Channels {
		for i := range plane {
			out[c*plane+i] = m.Pix[3*i+c]
		}
	}
	return nil
}

func sumOf(data []byte, err error) [sha256.Size]byte {
	if err != nil {
		data = []byte("unread: " + err.Error())
	}
	return sha256.Sum256(data)
}

var errChanged = errors.New("was written to while it was read")

// readFile reads the bytes of a picture. A named pipe is not opened: it would be waited for.
func readFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, files.Reason(err)
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("is not a regular file")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, files.Reason(err)
	}
	defer f.Close()
	return pictures.ReadAll(f)
}

// CheckBad refuses a part of which more than one picture in a hundred cannot be read, or a class of which none can. A few are no reason to
// stop: they are left out.
func (p *Pictures) CheckBad(where string) error {
	bad := p.Bad
	for _, part := range p.Parts {
		if total := part.Images + part.Bad; part.Bad*100 > total {
			of := fmt.Sprintf("%d of %d pictures", part.Bad, total)
			if part.Part != Whole {
				of += " of the part " + string(part.Part)
			}
			return problem(where, "mend or remove them; data info lists them all", "%s cannot be read, more than 1 in 100: %s: %s", of, bad[0].File, bad[0].Reason)
		}
		bad = bad[part.Bad:]
	}
	for class, name := range p.Form.Classes {
		if !slices.Contains(p.Labels, uint8(class)) {
			return problem(where, "mend or remove them; data info lists them all", "no picture of the class %s can be read", files.Quote(name))
		}
	}
	return nil
}
