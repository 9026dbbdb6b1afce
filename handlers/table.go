package handlers

import "morgenkreis/kita"

// RouteInfo is a line of the route table, for those who walk it.
type RouteInfo struct {
	Method, Path string
	Open         bool
	Roles        []kita.Role
	// Scopes are those of which a program needs one.
	Scopes []string
	Audit  string
}

// Routes is the whole table.
func Routes() []RouteInfo {
	var infos []RouteInfo
	for _, r := range (&Server{}).routes() {
		infos = append(infos, RouteInfo{r.Method, r.Path, r.who.open, r.who.roles, r.who.scopes, string(r.audit)})
	}
	return infos
}

// Codes are the texts of all problem codes, German and English.
func Codes() (de, en map[string]string) {
	de, en = map[string]string{}, map[string]string{}
	for code, t := range messages {
		de[code], en[code] = t.de, t.en
	}
	return de, en
}
