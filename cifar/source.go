package cifar

import "time"

// Source is an archive (.tar.gz) of the data set: where it is, and what must come from there. Size
// and checksums are fixed, so it does not matter which address the bytes come from, nor in how many
// pieces.
type Source struct {
	URL      string // http or https
	Bytes    int64  // length of the archive
	MD5      string // of the archive; checksums are lower-case hex
	SHA256   string
	Unpacked int64 // the most bytes that it may unpack to

	// Members are the files that are wanted from the archive's folder, each with its MD5, or "" for
	// one that only the archive's own checksums vouch for.
	Members map[string]string

	Train, Test int // images of the training and of the test set; 0 means the published 50,000 and 10,000

	Silence time.Duration // an address that sends nothing for so long counts as no network; 0 means 10 s
	Backoff time.Duration // wait before the first retry, doubled before each further one; 0 means 1 s
}

// Published is the data set as its authors offer it.
var Published = Source{
	URL:      "https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz",
	Bytes:    168_513_733,
	MD5:      "03b5dce01913d631647c71ecec9e9cb8",
	SHA256:   "58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec",
	Unpacked: 200_000_000, // its two data files are 184,440,000
	Members: map[string]string{
		"train.bin":              "6172c7755cfe09b2fe270c85cebc1b15",
		"test.bin":               "4499cfba6c016c1be1438163640a0898",
		"fine_label_names.txt":   "",
		"coarse_label_names.txt": "",
	},
}

// silence and backoff fill in the defaults.
func (s Source) silence() time.Duration {
	if s.Silence > 0 {
		return s.Silence
	}
	return 10 * time.Second
}

func (s Source) backoff() time.Duration {
	if s.Backoff > 0 {
		return s.Backoff
	}
	return time.Second
}
