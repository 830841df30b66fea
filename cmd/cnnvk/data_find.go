package main

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"

	"cnnvk/cifar"
	"cnnvk/internal/env"
	"cnnvk/internal/files"
	"cnnvk/internal/hints"
)

// offlineVariable in the environment, if true, keeps train from downloading.
const offlineVariable = "CNNVK_OFFLINE"

// findData looks for the data set where no folder is named: in CNNVK_DATA, in the cache, and at its published address. how says where
// it was: "CNNVK_DATA", "cache", "downloaded". If it is nowhere, dir is empty, how says why, and the caller takes the synthetic set. A
// download that was cut is an error: the same command again goes on with it. Progress goes to out.
func (p program) findData(ctx context.Context, out io.Writer) (dir, how string, err error) {
	if dir := os.Getenv(dataVariable); dir != "" {
		dir, err := files.FromHome(dir)
		return dir, dataVariable, err
	}
	cache, err := files.CacheDir()
	if err != nil {
		return "", nothingIn("there is no cache folder"), nil
	}
	if dir, ok := p.source.Cached(cache); ok {
		return dir, "cache", nil
	}
	offline, err := env.Bool(offlineVariable)
	if err != nil {
		return "", "", err
	}
	if offline {
		return "", nothingIn("nothing is in the cache, and " + offlineVariable + " is set"), nil
	}
	dir, _, err = fetch(ctx, p.source, cache, out)
	if err == nil {
		return dir, "downloaded", nil
	}
	var down *cifar.DownloadError
	if ctx.Err() != nil || !errors.As(err, &down) || down.Kept > 0 {
		return "", "", hints.With(err, strings.TrimPrefix(hints.Of(err)+"; "+offlineVariable+"=1 trains on the synthetic set", "; "))
	}
	return "", nothingIn("nothing is in the cache, " + strings.TrimPrefix(down.Error(), "cifar: ")), nil
}

func nothingIn(rest string) string { return "no --data, no " + dataVariable + ", " + rest }
