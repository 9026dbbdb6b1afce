package handlers_test

import "regexp"

// The ways in which the house makes an error with a code.
var makers = []*regexp.Regexp{
	regexp.MustCompile(`Invalid\([^,()]*(?:\([^()]*\))?[^,()]*, "([a-z_]+\.[a-z_]+)"`),
	regexp.MustCompile(`Refused\("([a-z_]+\.[a-z_]+)"`),
	regexp.MustCompile(`Conflict\([^,]*, "([a-z_]+\.[a-z_]+)"`),
	regexp.MustCompile(`Code: "([a-z_]+\.[a-z_]+)"`),
	regexp.MustCompile(`\.That\(.*, "([a-z_]+\.[a-z_]+)"(?:, "[a-z_]+", [^"]+)*\)`),
}

func domainCodes(source string) []string {
	var codes []string
	for _, re := range makers {
		for _, m := range re.FindAllStringSubmatch(source, -1) {
			codes = append(codes, m[1])
		}
	}
	return codes
}
