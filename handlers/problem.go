package handlers

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/validation"
	"github.com/labstack/echo/v4"

	"morgenkreis/kita"
	"morgenkreis/store"
)

// Problem is what a client learns of an error (RFC 9457). Detail and the details of Errors are in the caller's language;
// Code and the codes of Errors are for programs and never change.
type Problem struct {
	Type      string       `json:"type" doc:"Always about:blank: the code says what kind of problem it is (RFC 9457, section 4.2.1)."`
	Title     string       `json:"title" doc:"The HTTP status in words."`
	Status    int          `json:"status"`
	Code      string       `json:"code" doc:"What went wrong, for programs."`
	Detail    string       `json:"detail" doc:"What went wrong, for people, in their language."`
	RequestID string       `json:"request_id,omitempty" doc:"Names the request in the server's log."`
	Errors    []FieldError `json:"errors,omitempty" doc:"One entry per wrong field."`

	retryAfter int
}

// FieldError says what is wrong with one field of the request.
type FieldError struct {
	Field  string `json:"field" doc:"The field as the request names it, such as audience.targets[2]."`
	Code   string `json:"code"`
	Detail string `json:"detail"`
}

// Error is for logs.
func (p *Problem) Error() string { return p.Code }

// GetStatus is the HTTP status.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType is RFC 9457's.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// GetHeaders carries Retry-After where waiting helps.
func (p *Problem) GetHeaders() http.Header {
	h := http.Header{}
	if p.retryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(p.retryAfter))
	}
	return h
}

var statusOf = map[kita.Kind]int{
	kita.KindInvalid: http.StatusUnprocessableEntity, kita.KindRefused: http.StatusConflict,
	kita.KindNotFound: http.StatusNotFound, kita.KindConflict: http.StatusConflict,
	kita.KindUnauthenticated: http.StatusUnauthorized, kita.KindTooMany: http.StatusTooManyRequests,
	kita.KindStorage: http.StatusInsufficientStorage, kita.KindUnavailable: http.StatusServiceUnavailable,
}

// awaySeconds is when to ask again while the database is away: another server has taken its place by then, as a rule.
const awaySeconds = 5

// problemOf is the only place that decides what a client learns of an error. What is not one of the domain's is a 500
// without a story; its text goes to the log, with the request's id.
func problemOf(ctx context.Context, lang string, err error) *Problem {
	var ready *Problem
	if errors.As(err, &ready) {
		return ready
	}
	var many kita.Errors
	var one *kita.Error
	switch {
	case errors.As(err, &many):
		return invalidProblem(ctx, lang, http.StatusUnprocessableEntity, many)
	case errors.As(err, &one) && one.Kind == kita.KindInvalid:
		return invalidProblem(ctx, lang, http.StatusUnprocessableEntity, kita.Errors{one})
	case errors.As(err, &one):
		p := newProblem(ctx, statusOf[one.Kind], one.Code, say(lang, one))
		if one.Field != "" {
			p.Errors = []FieldError{{one.Field, one.Code, p.Detail}}
		}
		if s, ok := one.Arg("retry_after").(int); ok {
			p.retryAfter = s
		}
		switch one.Kind {
		case kita.KindStorage:
			slog.ErrorContext(ctx, "no room left", "error", err, "request", p.RequestID)
		case kita.KindUnavailable:
			slog.ErrorContext(ctx, "unavailable", "error", err, "request", p.RequestID)
		}
		return p
	// Who asked has gone: the connection to the database that was asked for them may have been broken off for that.
	case errors.Is(ctx.Err(), context.Canceled) && (errors.Is(err, context.Canceled) || store.Away(err)):
		return newProblem(ctx, 499, "canceled", say(lang, &kita.Error{Code: "canceled"}))
	case store.Away(err), errors.Is(err, context.Canceled): // of what is asked side by side, one fails, and the others are broken off
		p := newProblem(ctx, http.StatusServiceUnavailable, "database.away", say(lang, &kita.Error{Code: "database.away"}))
		p.retryAfter = awaySeconds
		slog.ErrorContext(ctx, "the database is away", "error", err, "request", p.RequestID)
		return p
	}
	slog.ErrorContext(ctx, "request failed", "error", err, "request", requestID(ctx))
	return newProblem(ctx, http.StatusInternalServerError, "internal", say(lang, &kita.Error{Code: "internal"}))
}

func newProblem(ctx context.Context, status int, code, detail string) *Problem {
	title := http.StatusText(status)
	if title == "" {
		title = "Client Closed Request"
	}
	return &Problem{Type: "about:blank", Title: title, Status: status, Code: code, Detail: detail, RequestID: requestID(ctx)}
}

func invalidProblem(ctx context.Context, lang string, status int, errs kita.Errors) *Problem {
	p := newProblem(ctx, status, "invalid", say(lang, &kita.Error{Code: "invalid"}))
	for _, e := range errs {
		p.Errors = append(p.Errors, FieldError{Field: e.Field, Code: e.Code, Detail: say(lang, e)})
	}
	return p
}

// huma speaks English sentences; these put codes and numbers in their place, which fieldOf reads back.
func init() {
	validation.MsgUnexpectedProperty = "@field.unknown"
	validation.MsgExpectedRFC3339DateTime = "@instant.malformed"
	validation.MsgExpectedRFC3339Date = "@day.malformed"
	validation.MsgExpectedRFC5322Email = "@email.malformed|%v"
	validation.MsgExpectedRFC3986URI = "@text.characters|%v"
	validation.MsgExpectedRFC4122UUID = "@id.malformed|%v"
	validation.MsgExpectedBoolean = "@type.boolean"
	validation.MsgExpectedNumber = "@type.number"
	validation.MsgExpectedInteger = "@type.integer"
	validation.MsgExpectedString = "@type.string"
	validation.MsgExpectedArray = "@type.array"
	validation.MsgExpectedObject = "@type.object"
	validation.MsgExpectedBase64String = "@type.base64"
	validation.MsgExpectedArrayItemsUnique = "@list.twice"
	validation.MsgExpectedOneOf = "@text.one_of|%s"
	validation.MsgExpectedMinimumNumber = "@number.min|%v"
	validation.MsgExpectedMaximumNumber = "@number.max|%v"
	validation.MsgExpectedMinLength = "@text.too_short|%d"
	validation.MsgExpectedMaxLength = "@text.too_long|%d"
	validation.MsgExpectedBePattern = "@text.pattern|%s"
	validation.MsgExpectedMatchPattern = "@text.pattern|%s"
	validation.MsgExpectedMinItems = "@list.too_short|%d"
	validation.MsgExpectedMaxItems = "@list.too_long|%d"
	validation.MsgExpectedRequiredProperty = "@required|%s"

	huma.NewError = func(status int, _ string, errs ...error) huma.StatusError {
		return humaProblem(context.Background(), "de", status, errs)
	}
	huma.NewErrorWithContext = func(c huma.Context, status int, _ string, errs ...error) huma.StatusError {
		return humaProblem(c.Context(), languageOf(c.Header("Accept-Language")), status, errs)
	}
}

// humaProblem translates what huma found wrong before a handler ran, and what a handler answered.
func humaProblem(ctx context.Context, lang string, status int, errs []error) huma.StatusError {
	var ready *Problem
	if errors.As(errors.Join(errs...), &ready) || status >= 500 && len(errs) > 0 {
		return problemOf(ctx, lang, errors.Join(errs...))
	}
	var wrong kita.Errors
	for _, err := range errs {
		var d *huma.ErrorDetail
		switch {
		case errors.As(err, &d):
			wrong = append(wrong, fieldOf(d))
		case err != nil:
			wrong = append(wrong, kita.Invalid("body", "body.malformed"))
		}
	}
	switch status {
	case http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusRequestTimeout, http.StatusNotAcceptable:
		code := "http." + strconv.Itoa(status)
		return newProblem(ctx, status, code, say(lang, &kita.Error{Code: code}))
	}
	if len(wrong) == 0 {
		wrong = kita.Errors{kita.Invalid("body", "body.malformed")}
	}
	return invalidProblem(ctx, lang, http.StatusUnprocessableEntity, wrong)
}

var index = regexp.MustCompile(`^(body|query|path|header)\.?`)

// fieldOf reads a code back out of huma's message. The rejected value is left out on purpose: it may be a password.
func fieldOf(d *huma.ErrorDetail) *kita.Error {
	field := index.ReplaceAllString(d.Location, "")
	if !strings.HasPrefix(d.Message, "@") {
		code := "body.malformed"
		switch {
		case strings.HasPrefix(d.Message, "unknown query parameter"):
			return kita.Invalid(field, "field.unknown")
		case strings.HasSuffix(d.Message, "parameter is missing"):
			return kita.Invalid(field, "text.required")
		}
		if field != "" {
			code = "type.malformed"
		} else {
			field = "body"
		}
		return kita.Invalid(field, code)
	}
	code, arg, _ := strings.Cut(d.Message[1:], "|")
	switch code {
	case "required":
		if field != "" {
			field += "."
		}
		return kita.Invalid(field+arg, "text.required")
	case "text.too_short", "list.too_short":
		if arg == "1" {
			return kita.Invalid(field, "text.required")
		}
		return kita.Invalid(field, code, "min", arg)
	case "text.too_long", "list.too_long":
		return kita.Invalid(field, code, "max", arg)
	case "number.min":
		return kita.Invalid(field, code, "min", arg)
	case "number.max":
		return kita.Invalid(field, code, "max", arg)
	case "text.one_of":
		return kita.Invalid(field, code, "values", arg)
	}
	if field == "" {
		field = "body"
	}
	return kita.Invalid(field, code)
}

// echoProblem gives Echo's own errors (no such route, too large, a panic caught) the same shape.
func echoProblem(err error, c echo.Context) {
	if c.Response().Committed {
		return
	}
	ctx, lang := c.Request().Context(), languageOf(c.Request().Header.Get("Accept-Language"))
	var he *echo.HTTPError
	p := (*Problem)(nil)
	if errors.As(err, &he) && he.Code < 500 {
		code := "http." + strconv.Itoa(he.Code)
		if he.Code == http.StatusNotFound {
			code = "not_found"
		}
		p = newProblem(ctx, he.Code, code, say(lang, &kita.Error{Code: code}))
	} else {
		p = problemOf(ctx, lang, err)
	}
	c.Response().Header().Set("Content-Type", "application/problem+json")
	for k, v := range p.GetHeaders() {
		c.Response().Header()[k] = v
	}
	c.Response().WriteHeader(p.Status)
	if c.Request().Method != http.MethodHead {
		_ = jsonTo(c.Response(), p) // the client has gone; there is nobody left to tell
	}
}
