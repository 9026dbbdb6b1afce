package store

import (
	"context"

	"morgenkreis/kita"
)

// Turns are new ones, and how many of them are kept.
func Turns() (take func(context.Context, kita.ID) (func(), error), kept func() int) {
	t := &turns{}
	return t.take, func() int { return len(t.of) }
}
