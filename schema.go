// Package morgenkreis holds what stands at the root of the house for all rooms to read.
package morgenkreis

import _ "embed"

// Schema is schema.sql, the one schema of both engines.
//
//go:embed schema.sql
var Schema string
