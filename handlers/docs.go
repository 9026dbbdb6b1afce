package handlers

import (
	_ "embed"
	"net/http"

	"github.com/labstack/echo/v4"
)

//go:embed docs.html
var docsHTML string

// docsPage is a page to read and try the API. It loads nothing from elsewhere: huma's own page would.
func docsPage(c echo.Context) error {
	c.Response().Header().Set("Content-Security-Policy",
		"default-src 'none'; connect-src 'self'; style-src 'self' 'unsafe-inline'; script-src 'self'; frame-ancestors 'none'")
	return c.HTML(http.StatusOK, docsHTML)
}
