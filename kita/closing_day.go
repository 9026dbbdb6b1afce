package kita

// Check names what is wrong with c.
func (c ClosingDay) Check() error {
	var checks Checks
	_, err := ParseDay("day", string(c.Day))
	checks.Add(err)
	checkText(&checks, "name", c.Name, 1, 100)
	return checks.Err()
}
