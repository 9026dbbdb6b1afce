package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"morgenkreis/store/files"
)

// filesCommand copies the attachments from where the settings say to another place, or from another place: a step on the
// way from a folder to a bucket, or back, and a backup of them beside PostgreSQL's.
func filesCommand(ctx context.Context, args []string, _, errOut io.Writer) error {
	var from, to string
	c, rest, err := LoadConfig(args, os.Getenv, os.ReadFile, func(f *flag.FlagSet) {
		f.StringVar(&from, "from", "", "the place to copy from: a folder, or s3://… with the keys of the settings; otherwise the one that --files names")
		f.StringVar(&to, "to", "", "the place to copy to; otherwise the one that --files names")
	})
	if err != nil {
		return err
	}
	if len(rest) > 0 || from == "" && to == "" {
		return errors.New("files takes --to PLACE, --from PLACE, or both: a folder, or s3://…")
	}
	source, err := c.placeNamed(from)
	if err != nil {
		return fmt.Errorf("--from: %w", err)
	}
	target, err := c.placeNamed(to)
	if err != nil {
		return fmt.Errorf("--to: %w", err)
	}
	if source == target {
		return fmt.Errorf("%s is where they are already", target)
	}
	return copyFiles(ctx, source, target, errOut)
}

// placeNamed is the place v, or the one of the settings when v is empty. All buckets take the keys of the settings.
func (c Config) placeNamed(v string) (files.Place, error) {
	p := c.attachments()
	if v == "" {
		return p, nil
	}
	named, err := files.ParsePlace(v)
	named.AccessKey, named.SecretKey = p.AccessKey, p.SecretKey
	if err == nil && named.Bucket != "" && (named.AccessKey == "" || named.SecretKey == "") {
		err = errors.New("set MORGENKREIS_FILES_ACCESS_KEY and MORGENKREIS_FILES_SECRET_KEY_FILE: without keys no bucket takes files")
	}
	return named, err
}

func copyFiles(ctx context.Context, source, target files.Place, errOut io.Writer) error {
	from, err := look(source)
	if err == nil && from == nil {
		err = fmt.Errorf("there is no folder %s", source)
	}
	if err != nil {
		return err
	}
	to, err := target.Open(ctx)
	if err != nil {
		return err
	}
	show := progressOn(errOut)
	done, err := files.Copy(ctx, from, to, func(n, total int64) { show("attachments", n, total) })
	if err != nil {
		return fmt.Errorf("not all are copied; what is there stays, and the same command goes on from here: %w", err)
	}
	for _, sum := range done.Damaged {
		fmt.Fprintf(errOut, "warning: attachment %s is damaged in %s, and was left out\n", sum, source)
	}
	fmt.Fprintf(errOut, "%d attachments (%s) in %s; %d of them were there before; each was read back\n",
		done.Files-len(done.Damaged), bytesText(done.Bytes), target, done.There)
	return nil
}
