package handlers_test

import (
	"mime"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"

	"morgenkreis/handlers"
)

// theDescription is read once: every answer of every test is held against it.
var theDescription = sync.OnceValue(func() map[string]map[string]describedOperation {
	raw, err := handlers.OpenAPI("test")
	if err != nil {
		panic(err)
	}
	d, err := parseDescription(raw)
	if err != nil {
		panic(err)
	}
	return d.Paths
})

// asDescribed fails the test when an operation answers with a status or a media type that its description does not know.
// 403 is no operation's: it refuses what another site sent, before anybody asks what it is.
func asDescribed(t *testing.T, method, address string, res *http.Response) {
	t.Helper()
	path, _, _ := strings.Cut(address, "?")
	op, ok := operationAt(method, path)
	if !ok || res.StatusCode == http.StatusForbidden {
		return
	}
	answer, ok := op.Responses[strconv.Itoa(res.StatusCode)]
	if !ok {
		t.Errorf("%s %s answers %d, and is not described so (route.answers in openapi.go)", method, path, res.StatusCode)
		return
	}
	mediaType, _, err := mime.ParseMediaType(res.Header.Get("Content-Type"))
	if _, ok := answer.Content[mediaType]; err == nil && !ok {
		t.Errorf("%s %s answers %d as %s, and is not described so (route.sends in openapi.go)", method, path, res.StatusCode, mediaType)
	}
}

// operationAt finds the operation by its path; a path without a variable wins over one with.
func operationAt(method, path string) (describedOperation, bool) {
	asked := strings.Split(path, "/")
	var found describedOperation
	best := -1
	for template, item := range theDescription() {
		parts := strings.Split(template, "/")
		op, ok := item[strings.ToLower(method)]
		if !ok || len(parts) != len(asked) {
			continue
		}
		literal := 0
		for i, p := range parts {
			if p == asked[i] {
				literal++
			} else if !strings.HasPrefix(p, "{") || asked[i] == "" {
				literal = -len(parts)
			}
		}
		if literal > best {
			found, best = op, literal
		}
	}
	return found, best >= 0
}
