package files

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/minio/minio-go/v7"

	"morgenkreis/kita"
)

// Trouble is what keeps a bucket from being used, in words for its operator, and what to do about it. It is a kita.Error of
// KindUnavailable too.
type Trouble struct {
	Says, Do string
	cause    error
}

func (t *Trouble) Error() string {
	if t.cause == nil {
		return t.Says
	}
	return t.Says + " (" + t.cause.Error() + ")"
}

// Unwrap gives the domain's word for it, and what the service said.
func (t *Trouble) Unwrap() []error {
	return []error{&kita.Error{Kind: kita.KindUnavailable, Code: "storage.away", Args: []any{"retry_after", 30}}, t.cause}
}

// explain says what err means. When the caller's own ctx has ended it is that; a deadline of ours is trouble.
func (b *Bucket) explain(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	bucket, host := b.place.Bucket, b.place.Endpoint
	var answer minio.ErrorResponse
	if !errors.As(err, &answer) {
		return &Trouble{fmt.Sprintf("%s can not be reached", host), "look at the endpoint, the network and the service; the server works again as soon as it answers", err}
	}
	switch answer.Code {
	case minio.NoSuchKey:
		return kita.ErrNotFound
	case minio.NoSuchBucket:
		return &Trouble{fmt.Sprintf("there is no bucket %s at %s", bucket, host), "create it, closed to the public, or name another one in --files", err}
	case minio.InvalidAccessKeyID, "XAdminUserNotFound":
		return &Trouble{fmt.Sprintf("%s does not know the access key", host), "look at --files-access-key", err}
	case minio.SignatureDoesNotMatch:
		return &Trouble{fmt.Sprintf("%s refuses the secret key", host), "look at MORGENKREIS_FILES_SECRET_KEY_FILE: it does not belong to this access key", err}
	case minio.AccessDenied, "Forbidden":
		return &Trouble{fmt.Sprintf("the access key may not do this in the bucket %s", bucket), "let it list the bucket (s3:ListBucket) and read, write and remove in it (s3:GetObject, s3:PutObject, s3:DeleteObject)", err}
	case "RequestTimeTooSkewed":
		return &Trouble{fmt.Sprintf("%s finds that the clock of this machine is wrong", host), "set the clock (timedatectl set-ntp true)", err}
	case "AuthorizationHeaderMalformed", "PermanentRedirect", "InvalidRegion":
		return &Trouble{fmt.Sprintf("the bucket %s is in another region", bucket), "write its region into --files, ?region=…", err}
	case "QuotaExceeded", "XMinioAdminBucketQuotaExceeded", "XMinioStorageFull":
		return full(err)
	}
	if answer.StatusCode == http.StatusInsufficientStorage {
		return full(err)
	}
	return &Trouble{fmt.Sprintf("%s answers with an error", host), "see what the service's own log says", err}
}
