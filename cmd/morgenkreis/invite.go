package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"morgenkreis/kita"
)

// inviteCommand prints a one-time link: the set-up link as long as nobody runs the server, or, for a login, the link by
// which that account's password is renewed. It works beside a running server.
func inviteCommand(ctx context.Context, args []string, out, _ io.Writer) error {
	c, rest, err := LoadConfig(args, os.Getenv, os.ReadFile)
	if err != nil {
		return err
	}
	s, _, err := openStore(ctx, c)
	if err != nil {
		return err
	}
	defer func() { _ = s.Close() }() // what was written is written
	switch len(rest) {
	case 0:
		link, needed, err := setupLink(ctx, s, c)
		if err != nil {
			return err
		}
		if !needed {
			return errors.New("somebody runs this server already; write a login to renew its password: morgenkreis invite LOGIN")
		}
		_, err = fmt.Fprintln(out, link)
		return err
	case 1:
		code := newCode()
		_, a, err := s.SystemRenew(ctx, rest[0], code, kita.InvitationLife)
		if errors.Is(err, kita.ErrNotFound) {
			return fmt.Errorf("there is no account with the login %s", rest[0])
		}
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(out, "%s, good for 28 days, renews the password of %s\n", inviteLink(c, code), a.Login)
		return err
	}
	return errors.New("invite takes one login, or nothing")
}
