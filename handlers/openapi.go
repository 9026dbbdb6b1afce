package handlers

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// answers says with which status the route answers when all goes well, the usual one first.
func (r route) answers(statuses ...int) route { r.statuses = statuses; return r }

// sends says that the route answers with a file of one of these media types.
func (r route) sends(mediaTypes ...string) route { r.mediaTypes = mediaTypes; return r }

// limited says that the route makes callers wait who come too often.
func (r route) limited() route { r.waits = true; return r }

// streams says that the answer is a stream of events that does not end by itself.
func (r route) streams() route { r.events = true; return r }

// operation is the route as OpenAPI and huma know it. What only huma knows of it, document adds.
func (r route) operation() huma.Operation {
	tag := strings.Split(strings.TrimPrefix(r.Path, "/"), "/")[0]
	op := huma.Operation{
		OperationID: operationID(r.Method, r.Path), Method: r.Method, Path: Prefix + r.Path, Summary: r.summary,
		Description: r.description, Tags: []string{tag}, MaxBodyBytes: r.maxBody, BodyReadTimeout: r.timeout,
		Errors:     []int{http.StatusUnprocessableEntity},
		Metadata:   map[string]any{"route": r},
		Extensions: map[string]any{"x-audit": string(r.audit)},
	}
	if len(r.statuses) > 0 {
		op.DefaultStatus = r.statuses[0]
	}
	if len(r.who.roles) > 0 {
		op.Extensions["x-roles"] = r.who.roles
	}
	if !r.who.open {
		op.Security = []map[string][]string{{"session": {}}}
		if len(r.who.scopes) > 0 {
			op.Security = append(op.Security, map[string][]string{"token": {}})
			op.Extensions["x-scope"] = strings.Join(r.who.scopes, ":"+verb(r.Method)+" ") + ":" + verb(r.Method)
		}
	}
	return op
}

// verb is what a program's scope must allow for the method.
func verb(method string) string {
	if method == http.MethodGet {
		return "read"
	}
	return "write"
}

// operationID is stable: generated clients are named after it.
func operationID(method, path string) string {
	parts := strings.FieldsFunc(path, func(r rune) bool { return r == '/' || r == '{' || r == '}' })
	for i, p := range parts {
		parts[i] = strings.ReplaceAll(p, "_", "-")
	}
	return strings.ToLower(method) + "-" + strings.Join(parts, "-")
}

// document writes down all answers of an operation, and what each means; huma knows one and calls it OK.
func document(_ *huma.OpenAPI, op *huma.Operation) {
	r := op.Metadata["route"].(route)
	usual := op.Responses[strconv.Itoa(op.DefaultStatus)]
	for _, mediaType := range r.mediaTypes {
		if usual.Content == nil || usual.Content["application/json"] != nil {
			usual.Content = map[string]*huma.MediaType{}
		}
		usual.Content[mediaType] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}
	}
	if r.events {
		usual.Content = map[string]*huma.MediaType{"text/event-stream": {Schema: &huma.Schema{Type: huma.TypeString}}}
	}
	for _, status := range r.statuses {
		answer := *usual
		op.Responses[strconv.Itoa(status)] = &answer
	}
	if op.Method == http.MethodGet && (usual.Content["application/json"] != nil || len(r.mediaTypes) > 0) {
		op.Responses["304"] = &huma.Response{}
	}
	problem := op.Responses["422"].Content
	for _, status := range r.problems(op.RequestBody != nil) {
		op.Responses[strconv.Itoa(status)] = &huma.Response{Content: problem}
	}
	for status, response := range op.Responses {
		response.Description = r.meaning(status)
	}
}

// problems are the ways in which the route can fail, besides 422 and 500, which every route can. 503 is for when the database, or
// the place of the files, does not answer.
func (r route) problems(body bool) []int {
	// A wrong bearer token is refused where none is needed, too.
	statuses := []int{http.StatusUnauthorized, http.StatusServiceUnavailable}
	if !r.who.open || r.Method != http.MethodGet {
		statuses = append(statuses, http.StatusNotFound)
	}
	if r.audit == auditWrite {
		statuses = append(statuses, http.StatusConflict)
	}
	if body {
		statuses = append(statuses, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType)
	}
	if r.waits {
		statuses = append(statuses, http.StatusTooManyRequests)
	}
	if r.Method != http.MethodGet || r.audit == auditRead {
		statuses = append(statuses, http.StatusInsufficientStorage)
	}
	return statuses
}

// meaning is what a status says here.
func (r route) meaning(status string) string {
	switch status {
	case "200":
		if slices.Contains(r.statuses, http.StatusCreated) {
			return "Nothing new: what is there already."
		}
		return "Here it is."
	case "201":
		return "It is there now."
	case "202":
		return "It will be done in a moment."
	case "204":
		return "Done; there is nothing to add."
	case "206":
		return "The part that Range asks for."
	case "304":
		return "Still what If-None-Match names."
	case "401":
		if r.who.open {
			return "What was given to sign in with is not valid."
		}
		return "Nobody is signed in, or the session or the token has ended."
	case "404":
		return "It is not there, or it is not yours; the two are never told apart."
	case "409":
		return "A rule of the house stands against it, or something else holds the place; `code` says which."
	case "413":
		return fmt.Sprintf("The body is larger than %d KiB.", r.maxBody>>10)
	case "415":
		return "The body is of another media type."
	case "422":
		return "Something in the request is wrong; `errors` names each field."
	case "429":
		return "Too often; `Retry-After` says how many seconds to wait."
	case "503":
		return "The database, or the storage of the attachments, does not answer; `Retry-After` says how many seconds to wait."
	case "507":
		return "The server has no room left."
	}
	return "Something went wrong on our side; `request_id` names it in the server's log."
}

// nouns are the tags of the API, in the order in which one meets them.
var nouns = []*huma.Tag{
	{Name: "session", Description: "Signing in and out, and who is signed in."},
	{Name: "sessions", Description: "The browsers in which an account is signed in."},
	{Name: "account", Description: "One's own settings and password."},
	{Name: "password-resets", Description: "A way back in, by e-mail."},
	{Name: "tokens", Description: "Programs that act for an account, within scopes, until an end."},
	{Name: "invitations", Description: "One-time codes that turn a guardian's or a colleague's record into an account."},
	{Name: "providers", Description: "Who runs one or many kitas (Träger)."},
	{Name: "kitas", Description: "The houses, and their settings."},
	{Name: "groups", Description: "Children who are together."},
	{Name: "children", Description: "Their records, whom to ring, and the groups they are in over time."},
	{Name: "placements", Description: "Which group a child is in, from one day to another."},
	{Name: "guardians", Description: "Parents and others, and what ties them to children."},
	{Name: "bans", Description: "Contact bans. They win over everything else."},
	{Name: "staff", Description: "The team, and the groups each has."},
	{Name: "imports", Description: "A kita's own list of children and guardians."},
	{Name: "calendar", Description: "Holidays of the federal state and the kita's closing days."},
	{Name: "closing-days", Description: "Days on which the kita is shut."},
	{Name: "notices", Description: "What staff tell guardians, and who was reached."},
	{Name: "files", Description: "Attachments of notices."},
	{Name: "push", Description: "Devices, and what they say they have shown."},
	{Name: "absences", Description: "Who stays at home, and until when it can be said."},
	{Name: "events", Description: "What changes while you look."},
	{Name: "audit", Description: "Who did or saw what."},
}
