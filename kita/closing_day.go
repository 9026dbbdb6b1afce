package kita

// Check names what is wrong with c.
func (c ClosingDay) Check() error {
	var checks Checks
	checkText(&checks, "name", c.Name, 1, 100)
	return checks.Err()
}
