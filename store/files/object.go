package files

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/minio/minio-go/v7"
)

// object reads one file of a bucket as it comes. What a name stands for never changes, so that reading may go on with
// another request where one broke off.
type object struct {
	ctx    context.Context
	bucket *Bucket
	key    string
	size   int64

	at   int64
	body io.ReadCloser // from at on; nil: to be asked for
	stop context.CancelFunc
}

func (o *object) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	var err error
	for range tries {
		if err := o.ctx.Err(); err != nil {
			return 0, err
		}
		if o.at >= o.size {
			return 0, io.EOF
		}
		if o.body == nil {
			if err := o.ask(); err != nil {
				return 0, err
			}
		}
		stalled := time.AfterFunc(o.bucket.stall, o.stop)
		var n int
		n, err = o.body.Read(p)
		stalled.Stop()
		o.at += int64(n)
		if err != nil {
			o.drop()
		}
		if n > 0 {
			return n, nil
		}
	}
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return 0, o.bucket.explain(o.ctx, err)
}

// ask has the service send what comes from here on.
func (o *object) ask() error {
	ctx, stop := context.WithCancel(o.ctx)
	var options minio.GetObjectOptions
	if o.at > 0 {
		if err := options.SetRange(o.at, 0); err != nil {
			stop()
			return err
		}
	}
	body, info, _, err := o.bucket.client.GetObject(ctx, o.bucket.place.Bucket, o.key, options)
	if err != nil {
		stop()
		return o.bucket.explain(o.ctx, err)
	}
	// A service that does not know ranges would send the beginning for the middle.
	if info.Size != o.size-o.at {
		stop()
		return errors.Join(fmt.Errorf("files: %d bytes from %d of %s came as %d", o.size-o.at, o.at, o.key, info.Size), body.Close())
	}
	o.body, o.stop = body, stop
	return nil
}

func (o *object) drop() {
	if o.body != nil {
		o.stop()
		_ = o.body.Close() // nothing that was read depends on it
		o.body = nil
	}
}

func (o *object) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += o.at
	case io.SeekEnd:
		offset += o.size
	}
	if offset < 0 {
		return 0, errors.New("files: seek before the beginning")
	}
	if offset != o.at {
		o.drop()
		o.at = offset
	}
	return offset, nil
}

func (o *object) Close() error {
	o.drop()
	return nil
}
