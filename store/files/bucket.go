package files

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"morgenkreis/kita"
)

// How long a storage service may keep us waiting. Nothing here waits for ever, whatever happens to the network.
const (
	dialTime   = 5 * time.Second
	answerTime = 20 * time.Second // from the end of a request to the head of its answer
	stallTime  = 30 * time.Second // without a byte
	smallTime  = 30 * time.Second // for a request without content, its retries included
	putTime    = 2 * time.Minute  // for a whole upload, its retries included
	tries      = 3
)

// checkName is a key beside the files that Place.Open writes and removes.
const checkName = ".check"

// Bucket is a Store in an S3 bucket, whose keys are the prefix and the name of the content. It asks for nothing that is
// public: no ACL, no signed addresses; the server streams what it may show.
//
// A file is one PUT, whose signature covers the SHA-256 of the content: the service keeps the whole of it under its name,
// or refuses, and what breaks off is never there.
type Bucket struct {
	place     Place
	client    minio.Core
	anonymous *minio.Client // without keys: sees what everybody sees
	stall     time.Duration
}

// NewBucket is the bucket at p; it asks nothing of the network yet.
func NewBucket(p Place) (*Bucket, error) {
	u, err := url.Parse(p.Endpoint)
	if err != nil {
		return nil, err
	}
	transport := &http.Transport{
		Proxy:       http.ProxyFromEnvironment,
		DialContext: (&net.Dialer{Timeout: dialTime, KeepAlive: 15 * time.Second}).DialContext,
		// With HTTP/1.1 a connection that hangs delays nobody but its own request.
		TLSHandshakeTimeout: dialTime, ResponseHeaderTimeout: answerTime, ExpectContinueTimeout: time.Second,
		MaxIdleConnsPerHost: 64, IdleConnTimeout: 90 * time.Second, DisableCompression: true,
	}
	options := func(access, secret string, tries int) *minio.Options {
		return &minio.Options{Creds: credentials.NewStaticV4(access, secret, ""), Secure: u.Scheme == "https",
			Region: p.Region, Transport: transport, MaxRetries: tries}
	}
	b := &Bucket{place: p, stall: stallTime}
	if b.client.Client, err = minio.New(u.Host, options(p.AccessKey, p.SecretKey, tries)); err != nil {
		return nil, fmt.Errorf("files: %w", err)
	}
	if b.anonymous, err = minio.New(u.Host, options("", "", 1)); err != nil {
		return nil, fmt.Errorf("files: %w", err)
	}
	return b, nil
}

// Check looks whether the bucket is there, whether our keys may list it, and whether nobody may without keys. It changes
// nothing.
func (b *Bucket) Check(ctx context.Context) error {
	some, err := b.first(ctx, b.client.Client)
	if err != nil {
		return b.explain(ctx, err)
	}
	open := &Trouble{Says: fmt.Sprintf("everybody can look into the bucket %s without a key", b.place.Bucket),
		Do: "close it now: take back its public policy and its public ACL"}
	if _, err := b.first(ctx, b.anonymous); err == nil {
		return open
	}
	if some == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, smallTime)
	defer cancel()
	if _, err := b.anonymous.StatObject(ctx, b.place.Bucket, some, minio.StatObjectOptions{}); err == nil {
		return open
	}
	return nil
}

// first is the first key in the bucket that is ours, or empty.
func (b *Bucket) first(ctx context.Context, client *minio.Client) (key string, err error) {
	ctx, cancel := context.WithTimeout(ctx, smallTime)
	defer cancel()
	for o := range client.ListObjectsIter(ctx, b.place.Bucket, b.listing(1)) {
		return o.Key, o.Err
	}
	return "", ctx.Err()
}

func (b *Bucket) listing(page int) minio.ListObjectsOptions {
	return minio.ListObjectsOptions{Prefix: b.place.Prefix, Recursive: true, MaxKeys: page, FetchOwner: new(bool)}
}

// tryWriting makes sure that our keys may write and remove: who finds out later has lost a picture, or keeps them for ever.
func (b *Bucket) tryWriting(ctx context.Context) error {
	key := b.place.Prefix + checkName
	if err := b.put(ctx, key, strings.NewReader(""), 0, sha256.Sum256(nil)); err != nil {
		return err
	}
	return b.remove(ctx, key)
}

// Put is Store.Put.
func (b *Bucket) Put(ctx context.Context, r io.Reader) (sum string, size int64, err error) {
	content, err := again(ctx, r)
	if err != nil {
		return "", 0, err
	}
	hash := sha256.New()
	if size, err = io.Copy(hash, contextReader{ctx, content}); err != nil {
		return "", 0, err
	}
	digest := [sha256.Size]byte(hash.Sum(nil))
	sum = hex.EncodeToString(digest[:])
	if err := b.put(ctx, b.place.Prefix+sum, content, size, digest); err != nil {
		return "", 0, err
	}
	return sum, size, nil
}

// again is what r gives, to be read as often as needed: once for its name, and once for each try. What is in memory already
// is not copied.
func again(ctx context.Context, r io.Reader) (io.ReadSeeker, error) {
	if m, ok := r.(interface {
		io.ReaderAt
		Len() int
		Size() int64
	}); ok {
		return io.NewSectionReader(m, m.Size()-int64(m.Len()), int64(m.Len())), nil
	}
	whole, err := io.ReadAll(contextReader{ctx, r})
	return bytes.NewReader(whole), err
}

func (b *Bucket) put(ctx context.Context, key string, content io.ReadSeeker, size int64, digest [sha256.Size]byte) error {
	inTime, cancel := context.WithTimeout(ctx, putTime)
	defer cancel()
	if _, err := content.Seek(0, io.SeekStart); err != nil {
		return err
	}
	// A reader that can not be closed: on HTTP errors the client would close it before the next try.
	_, err := b.client.PutObject(inTime, b.place.Bucket, key, content, size, "", hex.EncodeToString(digest[:]),
		minio.PutObjectOptions{ContentType: "application/octet-stream", DisableContentSha256: true})
	return b.explain(ctx, err)
}

// Open is Store.Open. Reading goes on where it was when a connection breaks.
func (b *Bucket) Open(ctx context.Context, sum string) (io.ReadSeekCloser, error) {
	if !isSum(sum) {
		return nil, kita.ErrNotFound
	}
	o, err := b.stat(ctx, b.place.Prefix+sum)
	if err != nil {
		return nil, err
	}
	return &object{ctx: ctx, bucket: b, key: b.place.Prefix + sum, size: o.Size}, nil
}

func (b *Bucket) stat(ctx context.Context, key string) (minio.ObjectInfo, error) {
	inTime, cancel := context.WithTimeout(ctx, smallTime)
	defer cancel()
	o, err := b.client.Client.StatObject(inTime, b.place.Bucket, key, minio.StatObjectOptions{})
	return o, b.explain(ctx, err)
}

// Remove is Store.Remove.
func (b *Bucket) Remove(ctx context.Context, e Entry) error {
	if !isSum(e.Sum) {
		return kita.ErrNotFound
	}
	o, err := b.stat(ctx, b.place.Prefix+e.Sum)
	if errors.Is(err, error(kita.ErrNotFound)) {
		return nil
	}
	if err != nil {
		return err
	}
	if o.LastModified.After(e.Put) {
		return nil
	}
	return b.remove(ctx, b.place.Prefix+e.Sum)
}

func (b *Bucket) remove(ctx context.Context, key string) error {
	inTime, cancel := context.WithTimeout(ctx, smallTime)
	defer cancel()
	err := b.explain(ctx, b.client.RemoveObject(inTime, b.place.Bucket, key, minio.RemoveObjectOptions{}))
	if errors.Is(err, error(kita.ErrNotFound)) {
		return nil
	}
	return err
}

// Walk is Store.Walk. It asks for a thousand names at a time.
func (b *Bucket) Walk(ctx context.Context, visit func(Entry) error) error {
	inTime, cancel := context.WithCancel(ctx)
	defer cancel()
	stalled := time.AfterFunc(smallTime, cancel)
	defer stalled.Stop()
	for o := range b.client.ListObjectsIter(inTime, b.place.Bucket, b.listing(0)) {
		stalled.Stop()
		if o.Err != nil {
			return b.explain(ctx, o.Err)
		}
		sum := strings.TrimPrefix(o.Key, b.place.Prefix)
		if isSum(sum) {
			if err := visit(Entry{Sum: sum, Size: o.Size, Put: o.LastModified}); err != nil {
				return err
			}
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		stalled.Reset(smallTime)
	}
	// A listing that was broken off looks like one that came to its end.
	return b.explain(ctx, inTime.Err())
}

// RemoveLeftovers is Store.RemoveLeftovers: there are none, for an upload is one request, and no parts of it are kept.
func (b *Bucket) RemoveLeftovers(ctx context.Context, _ time.Time) error { return ctx.Err() }
