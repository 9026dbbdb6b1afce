package store

import (
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"morgenkreis/kita"
)

// Away tells whether err says that the database can not be asked right now: it is restarted, another server takes its
// place, the network is cut, or too many want the same. Nothing is wrong with what was asked: the same, asked again,
// will do. A change that ended so may have been made, or not; whoever sends it again sends the same id.
func Away(err error) bool {
	var told *kita.Error
	var refused *pgconn.PgError
	var unconnected *pgconn.ConnectError
	var network net.Error
	switch {
	case err == nil, errors.As(err, &told):
		return false
	case errors.As(err, &refused):
		return awayCode(refused.Code)
	case errors.As(err, &unconnected), errors.As(err, &network), errors.Is(err, net.ErrClosed), errors.Is(err, driver.ErrBadConn),
		errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return true
	}
	// What pgx says of a connection that was broken before the question has no type.
	return strings.Contains(err.Error(), "conn closed")
}

// awayCode: 08 connection exceptions; 57P administrator's shutdown, crash, not yet up; 53300 too many connections; 25006
// a server that was the first and is it no longer; 40001 and 40P01 what was retried in vain.
func awayCode(code string) bool {
	switch code {
	case "53300", "25006", "40001", "40P01":
		return true
	}
	return strings.HasPrefix(code, "08") || strings.HasPrefix(code, "57P")
}
