package files

import (
	"bytes"
	"context"
	"image"
	"image/jpeg"
	"image/png"
	"io"
	"mime"
	"regexp"

	"golang.org/x/image/webp"

	"morgenkreis/kita"
)

// The media types an attachment can have.
const (
	PDF  = "application/pdf"
	JPEG = "image/jpeg"
	PNG  = "image/png"
	WebP = "image/webp"
)

// Bounds of an attachment: bytes as sent; pixels as sent; the longer side of what is kept and of its thumbnail, in pixels.
const (
	MaxBytes      = 15 << 20
	MaxPixels     = 40_000_000
	MaxSide       = 2560
	ThumbnailSide = 400
)

const (
	quality = 85
	// maxProgressivePixels: a progressive JPEG keeps its coefficients until the last scan, up to 15 bytes per pixel.
	maxProgressivePixels = MaxPixels / 2
	// maxScans: cameras write about ten; every one costs a walk over all pixels, and takes only a few bytes to ask for.
	maxScans = 100
)

// decoding has room for two: a picture within the bounds may take 320 MB while it is decoded.
var decoding = make(chan struct{}, 2)

// Result is an attachment as it is kept. A PDF has no size in pixels and no thumbnail.
type Result struct {
	MediaType     string
	Width, Height int
	Content       []byte
	Thumbnail     []byte // JPEG, at most ThumbnailSide on its longer side
}

// Clean reads an upload and returns what may be kept of it. The content decides what it is, and declared (a media type,
// parameters ignored) has to agree.
//
// A picture is decoded, set upright as its EXIF orientation says, shrunk to MaxSide, and encoded anew, so that nothing
// but its pixels is left: no EXIF, no position, no comment, no colour profile, nothing behind its end. JPEG and opaque
// WebP become JPEG; what has transparency becomes PNG; an opaque PNG becomes whichever of the two is smaller. Of a moving
// picture the first frame is kept, if it can be read. A PDF is kept byte for byte.
//
// Wrong input is Invalid for "file": file.type; file.too_large with max in MiB; file.too_many_pixels with max in
// megapixels; file.unreadable for what is cut off or damaged. An error of r comes back as it is. At most two pictures are
// decoded at a time in this process; waiting ends with ctx.
func Clean(ctx context.Context, r io.Reader, declared string) (Result, error) {
	data, err := io.ReadAll(io.LimitReader(contextReader{ctx, r}, MaxBytes+1))
	if err != nil {
		return Result{}, err
	}
	if len(data) > MaxBytes {
		return Result{}, kita.Invalid("file", "file.too_large", "max", MaxBytes>>20)
	}
	mediaType := sniff(data)
	if mediaType == "" || mediaType != declaredType(declared) {
		return Result{}, kita.Invalid("file", "file.type")
	}
	if mediaType == PDF {
		return cleanPDF(data)
	}
	return cleanPicture(ctx, data, mediaType)
}

func errUnreadable() error { return kita.Invalid("file", "file.unreadable") }

// sniff tells the media type by the first bytes, and nothing by the rest: each of the four is strict about its beginning.
func sniff(data []byte) string {
	switch {
	case bytes.HasPrefix(data, []byte("%PDF-")):
		return PDF
	case bytes.HasPrefix(data, []byte("\xFF\xD8\xFF")):
		return JPEG
	case bytes.HasPrefix(data, []byte("\x89PNG\r\n\x1A\n")):
		return PNG
	case len(data) >= 12 && string(data[:4]) == "RIFF" && string(data[8:12]) == "WEBP":
		return WebP
	}
	return ""
}

func declaredType(declared string) string {
	t, _, err := mime.ParseMediaType(declared)
	if err != nil {
		return ""
	}
	if t == "image/jpg" { // what some phones call it
		return JPEG
	}
	return t
}

var (
	pdfHeader = regexp.MustCompile(`^%PDF-[12]\.[0-9]`)
	pdfEnd    = []byte("%%EOF")
)

// cleanPDF looks for the header and, within the last 1024 bytes, for the end marker that a broken upload lacks.
func cleanPDF(data []byte) (Result, error) {
	if !pdfHeader.Match(data) || !bytes.Contains(data[max(0, len(data)-1024):], pdfEnd) {
		return Result{}, errUnreadable()
	}
	return Result{MediaType: PDF, Content: data}, nil
}

func cleanPicture(ctx context.Context, data []byte, mediaType string) (Result, error) {
	orientation, err := look(data, mediaType)
	if err != nil {
		return Result{}, err
	}
	select {
	case decoding <- struct{}{}:
		defer func() { <-decoding }()
	case <-ctx.Done():
		return Result{}, ctx.Err()
	}
	decoded, err := decoders[mediaType].decode(bytes.NewReader(data))
	if err != nil {
		return Result{}, errUnreadable()
	}
	picture := upright(shrink(decoded, MaxSide), orientation)
	result := Result{Width: picture.Bounds().Dx(), Height: picture.Bounds().Dy()}
	if result.MediaType, result.Content, err = encode(picture, mediaType); err != nil {
		return Result{}, err
	}
	result.Thumbnail, err = encodeJPEG(thumbnail(picture))
	return result, err
}

var decoders = map[string]struct {
	config func(io.Reader) (image.Config, error)
	decode func(io.Reader) (image.Image, error)
}{
	JPEG: {jpeg.DecodeConfig, jpeg.Decode},
	PNG:  {png.DecodeConfig, png.Decode},
	WebP: {webp.DecodeConfig, webp.Decode},
}

// look refuses what would be too much to decode, and tells how the picture has to be turned. It decodes no pixel.
func look(data []byte, mediaType string) (orientation int, err error) {
	config, err := decoders[mediaType].config(bytes.NewReader(data))
	if err != nil || config.Width < 1 || config.Height < 1 {
		return 0, errUnreadable()
	}
	limit := MaxPixels
	switch mediaType {
	case PNG:
		orientation = pngOrientation(data)
	case WebP:
		orientation = webpOrientation(data)
	case JPEG:
		facts := readJPEG(data)
		if facts.scans > maxScans {
			return 0, errUnreadable()
		}
		if facts.progressive {
			limit = maxProgressivePixels
		}
		orientation = facts.orientation
	}
	if config.Width > limit/config.Height {
		return 0, kita.Invalid("file", "file.too_many_pixels", "max", limit/1_000_000)
	}
	return orientation, nil
}

// encode writes picture, which came as a file of the given media type, in the form it is kept in.
func encode(picture *image.RGBA, cameAs string) (mediaType string, content []byte, err error) {
	if !picture.Opaque() {
		content, err = encodePNG(picture)
		return PNG, content, err
	}
	if content, err = encodeJPEG(picture); err != nil || cameAs != PNG {
		return JPEG, content, err
	}
	// A meal plan or a screenshot is crisp and small as PNG, a photo is neither.
	asPNG, err := encodePNG(picture)
	if err == nil && len(asPNG) <= len(content) {
		return PNG, asPNG, nil
	}
	return JPEG, content, err
}

func encodeJPEG(picture *image.RGBA) ([]byte, error) {
	var out bytes.Buffer
	err := jpeg.Encode(&out, picture, &jpeg.Options{Quality: quality})
	return out.Bytes(), err
}

func encodePNG(picture *image.RGBA) ([]byte, error) {
	var out bytes.Buffer
	err := png.Encode(&out, picture)
	return out.Bytes(), err
}
