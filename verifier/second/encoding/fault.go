// Package encoding reads and writes the bytes that two parts of Ostraka must agree on.
//
// Source: docs/protocol.md §2.2, §2.5, §2.6, §4.4 (JSON).
package encoding

import (
	"errors"
	"fmt"
)

// Class says why data is refused. The shared vectors use the same two names.
type Class string

// The classes of faults.
const (
	// Malformed data cannot be decoded.
	Malformed Class = "Malformed"
	// Rejected data can be decoded but breaks a bound.
	Rejected Class = "Rejected"
)

// Fault is a reason to refuse data. Item names the part of the data that is at fault.
type Fault struct {
	Class  Class
	Item   string
	Reason string
}

func (fault *Fault) Error() string {
	if fault.Item == "" {
		return fault.Reason
	}
	return fault.Item + ": " + fault.Reason
}

// Undecodable gives a fault of the class Malformed.
func Undecodable(item, format string, values ...any) error {
	return &Fault{Malformed, item, fmt.Sprintf(format, values...)}
}

// OutOfBounds gives a fault of the class Rejected.
func OutOfBounds(item, format string, values ...any) error {
	return &Fault{Rejected, item, fmt.Sprintf(format, values...)}
}

// Within names the whole that the item of a fault is a part of.
func Within(whole string, err error) error {
	var fault *Fault
	if errors.As(err, &fault) {
		return &Fault{fault.Class, whole + "." + fault.Item, fault.Reason}
	}
	return err
}

// ClassOf gives the class of a fault, or "" of any other error.
func ClassOf(err error) Class {
	var fault *Fault
	if errors.As(err, &fault) {
		return fault.Class
	}
	return ""
}
