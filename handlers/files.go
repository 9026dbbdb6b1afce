package handlers

import (
	"bytes"
	"context"
	"mime"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humaecho"

	"morgenkreis/kita"
	"morgenkreis/store"
	"morgenkreis/store/files"
)

var fileTexts = texts{
	"file.type":            {"Erlaubt sind Bilder (JPEG, PNG, WebP) und PDF, und der Inhalt muss dazu passen.", "Pictures (JPEG, PNG, WebP) and PDF are allowed, and the content must agree."},
	"file.too_large":       {"Höchstens {max} MB.", "At most {max} MB."},
	"file.too_many_pixels": {"Das Bild ist zu groß: höchstens {max} Megapixel.", "The picture is too large: at most {max} megapixels."},
	"file.unreadable":      {"Die Datei ist beschädigt oder unvollständig.", "The file is damaged or incomplete."},
}

// FileView is an attachment.
type FileView struct {
	ID        kita.ID      `json:"id"`
	KitaID    kita.ID      `json:"kita_id"`
	Name      string       `json:"name"`
	MediaType string       `json:"media_type"`
	Size      int64        `json:"size" doc:"Bytes."`
	Width     int          `json:"width,omitempty" doc:"Pixels; of pictures."`
	Height    int          `json:"height,omitempty"`
	Thumbnail bool         `json:"thumbnail" doc:"Whether there is a small picture."`
	CreatedAt kita.Instant `json:"created_at"`
}

func fileView(f store.File) FileView {
	return FileView{f.ID, f.KitaID, f.Name, f.MediaType, f.Size, f.Width, f.Height, f.ThumbSum != "", f.CreatedAt}
}

// FileOutput is one attachment.
type FileOutput struct {
	Status int
	Body   FileView
}

// Upload keeps an attachment. Pictures are decoded and written anew, so that no camera's notes (place, time, serial
// number) leave the phone; see files.Clean for the limits.
func (s *Server) Upload(ctx context.Context, in *struct {
	ID          kita.ID `query:"id" format:"uuid" doc:"An id of the client's choosing."`
	KitaID      kita.ID `query:"kita_id" format:"uuid" required:"true"`
	Name        string  `query:"name" maxLength:"200" doc:"What the file is called."`
	ContentType string  `header:"Content-Type"`
	RawBody     []byte  `contentType:"application/octet-stream"`
}) (*FileOutput, error) {
	v := viewerFrom(ctx)
	if err := s.store.MayUpload(ctx, v, in.KitaID); err != nil {
		return nil, err
	}
	clean, err := files.Clean(ctx, bytes.NewReader(in.RawBody), in.ContentType)
	if err != nil {
		return nil, err
	}
	f := store.File{ID: s.idOr(in.ID), KitaID: in.KitaID, Name: kita.Name(in.Name), MediaType: clean.MediaType,
		Width: clean.Width, Height: clean.Height, Size: int64(len(clean.Content))}
	if f.Sum, _, err = s.Files.Put(ctx, bytes.NewReader(clean.Content)); err != nil {
		return nil, err
	}
	if len(clean.Thumbnail) > 0 {
		if f.ThumbSum, _, err = s.Files.Put(ctx, bytes.NewReader(clean.Thumbnail)); err != nil {
			return nil, err
		}
	}
	f, again, err := s.store.CreateFile(ctx, v, f)
	return &FileOutput{created(again), fileView(f)}, err
}

// FileInfo describes an attachment.
func (s *Server) FileInfo(ctx context.Context, in *ByID) (*FileOutput, error) {
	f, err := s.store.File(ctx, viewerFrom(ctx), in.ID)
	return &FileOutput{200, fileView(f)}, err
}

// FileContent sends the bytes of an attachment, or a part of them (Range).
func (s *Server) FileContent(ctx context.Context, in *ByID) (*huma.StreamResponse, error) {
	f, err := s.store.File(ctx, viewerFrom(ctx), in.ID)
	if err != nil {
		return nil, err
	}
	return s.stream(ctx, f, f.Sum, f.MediaType)
}

// FileThumbnail sends the small picture of an attachment.
func (s *Server) FileThumbnail(ctx context.Context, in *ByID) (*huma.StreamResponse, error) {
	f, err := s.store.File(ctx, viewerFrom(ctx), in.ID)
	if err == nil && f.ThumbSum == "" {
		err = kita.ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	return s.stream(ctx, f, f.ThumbSum, "image/jpeg")
}

func (s *Server) stream(ctx context.Context, f store.File, sum, mediaType string) (*huma.StreamResponse, error) {
	content, err := s.Files.Open(ctx, sum)
	if err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(c huma.Context) {
		defer content.Close()
		e := humaecho.Unwrap(c)
		h := e.Response().Header()
		h.Set("Content-Type", mediaType)
		h.Set("Content-Disposition", mime.FormatMediaType("inline", map[string]string{"filename": f.Name}))
		h.Set("Content-Security-Policy", filePolicy(mediaType))
		h.Set("ETag", `"`+sum+`"`)
		h.Set("Cache-Control", "private, no-cache")
		http.ServeContent(e.Response(), e.Request(), "", f.CreatedAt.Time, content)
	}}, nil
}

// filePolicy keeps a file from being more than something to look at. A PDF is opened in a tab of its own, to be read, and is
// the one without "sandbox": Safari shows an empty page under it. It loses nothing by that. What is sent is what was looked at
// (files.Clean) under a type that no browser may guess anew (nosniff), so it is never a page of ours; a script in a PDF runs in
// the viewer, which knows neither our cookies nor our pages; and Chromium puts policies aside for its viewer anyway.
func filePolicy(mediaType string) string {
	if mediaType == files.PDF {
		return "default-src 'none'; style-src 'unsafe-inline'; object-src 'self'; frame-ancestors 'none'"
	}
	return "default-src 'none'; style-src 'unsafe-inline'; sandbox"
}
