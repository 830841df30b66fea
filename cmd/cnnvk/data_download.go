package main

import (
	"context"
	"fmt"
	"io"

	"github.com/urfave/cli/v2"

	"cnnvk/cifar"
	"cnnvk/internal/files"
)

func (p program) dataDownloadCommand() *cli.Command {
	return &cli.Command{
		Name:  "download",
		Usage: "fetch CIFAR-100, and nothing else, into the cache folder, where train finds it, or go on with that",
		Flags: []cli.Flag{
			&cli.PathFlag{Name: "to", Usage: "put it into `DIR`/cifar-100-binary instead"},
			&cli.PathFlag{Name: "from", Usage: "take the archive `FILE`, which was fetched by other means, and no network"},
			progressFlag(),
			&cli.StringFlag{Name: "url", Value: p.source.URL, Usage: "take the same file from another `URL`"},
		},
		Action: p.dataDownload,
	}
}

func (p program) dataDownload(c *cli.Context) error {
	source, to := p.source, c.Path("to")
	if c.IsSet("url") {
		source.URL = c.String("url")
	}
	switch {
	case c.IsSet("to") && to == "":
		return usagef("--to needs a folder")
	case c.IsSet("from") && c.Path("from") == "":
		return usagef("--from needs an archive")
	case c.IsSet("from") && c.IsSet("url"):
		return usagef("--from and --url do not go together: the archive is here or there")
	}
	if to == "" {
		var err error
		if to, err = files.CacheDir(); err != nil {
			return err
		}
	}
	mode, err := progressMode(c)
	if err != nil {
		return err
	}
	progress := progressOn(mode, c.App.ErrWriter)
	how := "downloaded, checksums right"
	bring := func() (dir string, fresh bool, err error) { return fetch(c.Context, source, to, progress) }
	if c.IsSet("from") {
		how = "unpacked, checksums right"
		bring = func() (string, bool, error) {
			return source.Unpack(c.Context, c.Path("from"), to, sayTo(progress))
		}
	}
	dir, fresh, err := bring()
	if err != nil {
		return err
	}
	if !fresh {
		how = "is there already, and whole"
	}
	fmt.Fprintf(c.App.Writer, "%s: %s\n", dir, how)
	if c.IsSet("to") {
		fmt.Fprintf(c.App.Writer, "train on it: cnnvk train --data %s\n", to)
	}
	return nil
}

// fetch brings the data into a folder in dir and shows how far it is. fetched is false where it was there.
func fetch(ctx context.Context, source cifar.Source, dir string, out io.Writer) (folder string, fetched bool, err error) {
	show := newFetchProgress(out, source.URL, dir)
	defer show.end()
	folder, err = source.Download(ctx, dir, func(done, total int64) {
		fetched = true
		show.at(done, total)
	})
	return folder, fetched, err
}
