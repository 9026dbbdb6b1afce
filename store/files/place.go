package files

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/minio/minio-go/v7/pkg/s3utils"

	"morgenkreis/kita"
)

// Place says where a Store is: in a folder, or in an S3 bucket.
type Place struct {
	Folder string // empty: Bucket

	Bucket   string
	Prefix   string // before every key; empty, or ends with a slash
	Endpoint string // scheme://host[:port]
	Region   string

	AccessKey, SecretKey string // not part of what ParsePlace reads and String writes
}

// ParsePlace reads the path of a folder, or s3://BUCKET[/PREFIX]?endpoint=https://HOST&region=REGION. Without an endpoint
// it is Amazon's in that region; without a region it is us-east-1, which most other services take. Its errors never quote a
// password.
func ParsePlace(v string) (Place, error) {
	if !strings.Contains(v, "://") {
		return Place{Folder: v}, nil
	}
	u, err := url.Parse(v)
	if err != nil || u.Scheme != "s3" {
		return Place{}, errors.New("is neither a folder nor an address that starts with s3://")
	}
	if u.User != nil {
		return Place{}, errors.New("keys do not belong into the address; they have settings of their own")
	}
	if u.Fragment != "" {
		return Place{}, errors.New("has a # in it")
	}
	p := Place{Bucket: u.Host, Prefix: strings.Trim(u.Path, "/")}
	if err := s3utils.CheckValidBucketNameStrict(p.Bucket); err != nil {
		return Place{}, fmt.Errorf("%q is not the name of a bucket: %w", p.Bucket, err)
	}
	if p.Prefix != "" {
		for part := range strings.SplitSeq(p.Prefix, "/") {
			if part == "" || part == "." || part == ".." {
				return Place{}, fmt.Errorf("%q has an empty part, or one of dots", p.Prefix)
			}
		}
		p.Prefix += "/"
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return Place{}, errors.New("what stands behind the ? can not be read")
	}
	for name, values := range query {
		if !slices.Contains([]string{"endpoint", "region"}, name) || len(values) != 1 {
			return Place{}, fmt.Errorf("behind the ? only endpoint and region may stand, once each; not %q", name)
		}
	}
	p.Region = query.Get("region")
	if strings.ContainsAny(p.Region, "/?#@ ") {
		return Place{}, fmt.Errorf("%q is not the name of a region", p.Region)
	}
	if !query.Has("endpoint") {
		if p.Region == "" {
			return Place{}, errors.New("has neither an endpoint nor a region")
		}
		p.Endpoint = "https://s3." + p.Region + ".amazonaws.com"
		return p, nil
	}
	if p.Region == "" {
		p.Region = "us-east-1"
	}
	if p.Endpoint, err = endpoint(query.Get("endpoint")); err != nil {
		return Place{}, err
	}
	return p, nil
}

// endpoint checks scheme://host[:port].
func endpoint(v string) (string, error) {
	u, err := url.Parse(v)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		return "", errors.New("the endpoint does not start with https://")
	}
	if u.User != nil || strings.Trim(u.Path, "/") != "" || strings.ContainsAny(v, "?#") {
		return "", errors.New("the endpoint has more than a host and a port")
	}
	if u.Scheme == "http" && !near(u.Hostname()) {
		return "", fmt.Errorf("http would send pictures readable through the network to %s", u.Hostname())
	}
	return u.Scheme + "://" + u.Host, nil
}

// near tells whether a host is on this machine, or in a network of one's own: a private address, or a name without a dot,
// as containers beside each other have.
func near(host string) bool {
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.IsPrivate() || ip.IsLoopback()
	}
	return kita.IsLoopbackHost(host) || !strings.Contains(host, ".")
}

// String is the place as ParsePlace reads it, without keys.
func (p Place) String() string {
	if p.Bucket == "" {
		return p.Folder
	}
	return "s3://" + p.Bucket + strings.TrimSuffix("/"+p.Prefix, "/") + "?endpoint=" + p.Endpoint + "&region=" + p.Region
}

// Open gives the store at the place, ready for use: a folder is created for its owner alone when it is missing; a bucket
// must be there, take files from these keys, and be closed to everybody else.
func (p Place) Open(ctx context.Context) (Store, error) {
	if p.Bucket == "" {
		return New(p.Folder)
	}
	b, err := NewBucket(p)
	if err != nil {
		return nil, err
	}
	if err := b.Check(ctx); err != nil {
		return nil, err
	}
	if err := b.tryWriting(ctx); err != nil {
		return nil, err
	}
	return b, nil
}
