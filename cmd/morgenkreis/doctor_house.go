package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"morgenkreis/notify"
	"morgenkreis/store"
	"morgenkreis/store/files"
)

// What doctor takes for too little, and for too long.
const (
	diskWarns  = 1 << 30
	diskFails  = 200 << 20
	queueWarns = 5 * time.Minute
	queueFails = 30 * time.Minute
	clockFails = time.Minute
)

func unreadable(check string, err error) finding {
	return finding{check, levelFail, err.Error(), "see what the check of the database says"}
}

// checkFolder looks whether the data folder is there, ours to write, and closed to others.
func (d doctor) checkFolder() finding {
	const check = "data"
	folder := d.config.Data
	info, err := os.Stat(folder)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return finding{check, levelFail, "there is no folder " + folder, "name the folder that the server uses with --data or MORGENKREIS_DATA"}
	case err != nil:
		return finding{check, levelFail, err.Error(), "run doctor as the user the server runs as"}
	case !info.IsDir():
		return finding{check, levelFail, folder + " is no folder", "name the folder that the server uses with --data or MORGENKREIS_DATA"}
	}
	const readWriteSearch = 4 | 2 | 1
	if err := syscall.Access(folder, readWriteSearch); err != nil {
		return finding{check, levelFail, fmt.Sprintf("this user may not write to %s: %v", folder, err), "run doctor as the user the server runs as, who must own the folder"}
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return finding{check, levelWarn, fmt.Sprintf("other users of this machine can look into %s (mode %04o)", folder, mode), "chmod 700 " + folder}
	}
	return finding{check, levelFine, folder + " is for its owner alone", ""}
}

func (d doctor) checkDisk() finding {
	const check = "disk"
	r, err := d.room(d.config.Data)
	if err != nil {
		return finding{check, levelFail, err.Error(), "see what the check of the data folder says"}
	}
	f := finding{check, levelFine, fmt.Sprintf("%s of %s free", bytesText(r.free), bytesText(r.total)), ""}
	switch {
	case r.free < diskFails:
		f.Level, f.Do = levelFail, "make room now: on a full disk nothing can be posted or reported"
	case r.free < diskWarns || r.free < r.total/10:
		f.Level, f.Do = levelWarn, "make room, or move the data folder to a larger disk"
	}
	return f
}

// checkHouse makes the checks that ask the database.
func (d doctor) checkHouse(ctx context.Context, r *store.SystemReader) []finding {
	all := []finding{d.checkAttachments(ctx, r), d.checkKeys(ctx, r), d.checkDates(ctx, r), d.checkZones(ctx, r), d.checkJobs(ctx, r)}
	if d.config.Database != "" {
		all = append(all, checkWall(ctx, r))
	}
	q, err := r.Queue(ctx)
	if err != nil {
		return append(all, unreadable("queue", err))
	}
	return append(all, d.checkQueue(q), checkRefusals(q))
}

func (d doctor) checkAttachments(ctx context.Context, r *store.SystemReader) finding {
	const check = "attachments"
	sums, err := r.Sums(ctx)
	if err != nil {
		return unreadable(check, err)
	}
	total := len(sums)
	place := d.config.attachments()
	dir, err := look(place)
	if err == nil && dir != nil {
		err = dir.Walk(ctx, func(e files.Entry) error { delete(sums, e.Sum); return nil })
	}
	if err != nil {
		f := finding{check, levelFail, err.Error(), "see what the check of the data folder says"}
		if place.Bucket != "" {
			f.Do = "see what the check of the files says"
		}
		return f
	}
	if len(sums) > 0 {
		unpack := "unpack them from a backup: tar -xzf FILE -C DATA files"
		if place != (Config{Data: d.config.Data}).attachments() {
			unpack = "unpack them from a backup, tar -xzf FILE files, and bring them there: morgenkreis files --from files --to '" + place.String() + "'"
		}
		first := slices.Min(slices.Collect(maps.Keys(sums)))
		return finding{check, levelFail, fmt.Sprintf("%d of %d files are missing, %s for one", len(sums), total, first), unpack}
	}
	return finding{check, levelFine, fmt.Sprintf("%d files, all there", total), ""}
}

// checkFiles looks whether the bucket of the attachments, if they are in one, takes our keys and nobody else.
func (d doctor) checkFiles(ctx context.Context) []finding {
	const check = "files"
	place := d.config.attachments()
	if place.Bucket == "" {
		return nil
	}
	b, err := files.NewBucket(place)
	if err == nil {
		err = b.Check(ctx)
	}
	var trouble *files.Trouble
	switch {
	case errors.As(err, &trouble):
		return []finding{{check, levelFail, err.Error(), trouble.Do}}
	case err != nil:
		return []finding{{check, levelFail, err.Error(), "look at --files"}}
	}
	return []finding{{check, levelFine, place.String() + " takes our keys, and nobody without", ""}}
}

// checkKeys looks whether the key pair of the pushes (VAPID, RFC 8292) belongs together, and the receipt key is one.
func (d doctor) checkKeys(ctx context.Context, r *store.SystemReader) finding {
	const check = "keys"
	pair, err1 := r.Secret(ctx, "vapid_keys")
	receipt, err2 := r.Secret(ctx, "receipt_key")
	if err := errors.Join(err1, err2); err != nil {
		return finding{check, levelFail, "the keys of the pushes are not in the database: " + err.Error(), "start the server once, which makes them"}
	}
	public, private, _ := strings.Cut(pair, " ")
	err := (notify.Keys{Public: public, Private: private}).Check()
	if err == nil {
		var raw []byte
		if raw, err = base64.RawURLEncoding.DecodeString(receipt); err == nil {
			_, err = notify.NewReceipts(raw)
		}
	}
	if err != nil {
		return finding{check, levelFail, err.Error(), "bring the database back from a backup: with new keys every device would have to sign up again"}
	}
	return finding{check, levelFine, "the keys of the pushes belong together", ""}
}

// checkDates looks for rows from the future, which a clock leaves that was wrong once.
func (d doctor) checkDates(ctx context.Context, r *store.SystemReader) finding {
	const check = "dates"
	newest, err := r.Newest(ctx)
	if err != nil {
		return unreadable(check, err)
	}
	if newest != nil && newest.Sub(d.clock()) > clockFails {
		return finding{check, levelFail, fmt.Sprintf("the newest row is of %s, %s ahead of this machine's clock", newest.Format(time.RFC3339), newest.Sub(d.clock()).Round(time.Second)),
			"set the clock of this machine, or of the other ones that write here (timedatectl set-ntp true)"}
	}
	return finding{check, levelFine, "no row is from the future", ""}
}

func (d doctor) checkZones(ctx context.Context, r *store.SystemReader) finding {
	const check = "time zones"
	zones, err := r.TimeZones(ctx)
	if err != nil {
		return unreadable(check, err)
	}
	if len(zones) == 0 {
		zones = []string{"Europe/Berlin"}
	}
	for _, zone := range zones {
		if _, err := time.LoadLocation(zone); err != nil {
			return finding{check, levelFail, err.Error(), "install tzdata, or use a program that was built with -tags timetzdata"}
		}
	}
	return finding{check, levelFine, strings.Join(zones, ", "), ""}
}

func (d doctor) checkQueue(q store.QueueState) finding {
	const check = "queue"
	if q.OldestDue == nil {
		return finding{check, levelFine, fmt.Sprintf("nothing waits; %d devices take pushes", q.Subscriptions), ""}
	}
	age := d.clock().Sub(q.OldestDue.Time)
	return aged(finding{check, levelFine, fmt.Sprintf("%d pushes and %d e-mails are due, the oldest for %s", q.Pushes, q.Emails, age.Round(time.Second)), ""}, age)
}

// aged is f, made worse by how long something waits that nobody takes.
func aged(f finding, age time.Duration) finding {
	switch {
	case age > queueFails:
		f.Level = levelFail
	case age > queueWarns:
		f.Level = levelWarn
	default:
		return f
	}
	f.Do = "see whether the server runs, and what its log says"
	return f
}

func (d doctor) checkJobs(ctx context.Context, r *store.SystemReader) finding {
	const check = "jobs"
	stuck, err := r.StuckJobs(ctx)
	if err != nil {
		return unreadable(check, err)
	}
	if len(stuck) > 0 {
		return finding{check, levelFail, fmt.Sprintf("%d were tried three times in vain; the first is %q: %s", len(stuck), stuck[0].Kind, stuck[0].Trouble),
			"the log of the server has more at \"a job failed\""}
	}
	oldest, err := r.OldestJob(ctx)
	if err != nil {
		return unreadable(check, err)
	}
	if oldest == nil {
		return finding{check, levelFine, "none hangs", ""}
	}
	age := d.clock().Sub(oldest.Time)
	return aged(finding{check, levelFine, "none hangs; the oldest is due for " + age.Round(time.Second).String(), ""}, age)
}

// checkWall looks whether PostgreSQL itself holds back from each what is not theirs.
func checkWall(ctx context.Context, r *store.SystemReader) finding {
	const check = "row-level security"
	trouble, err := r.Wall(ctx)
	switch {
	case err != nil:
		return unreadable(check, err)
	case trouble != "":
		return finding{check, levelWarn, "off: what the server reads for people is narrowed by its own statements alone", trouble + "; then start the server again"}
	}
	return finding{check, levelFine, "what is read for people is read as somebody who sees no more than they may", ""}
}

func checkRefusals(q store.QueueState) finding {
	const check = "refusals"
	if q.Misconfigured > 0 {
		return finding{check, levelFail, fmt.Sprintf("push services refused %d pushes of the last day for our own fault", q.Misconfigured),
			"look at the clock, the keys and --push-subject; the log of the server has more at \"a push service refuses us\""}
	}
	return finding{check, levelFine, "no push service found fault with us in the last day", ""}
}
