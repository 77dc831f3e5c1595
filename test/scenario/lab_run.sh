#!/bin/sh
# lab_run.sh CLEARWAY SCENARIO: 0 as expected, 77 (skipped) where this machine cannot have it.
LC_ALL=C.UTF-8 LANGUAGE=en "$1" lab run "$2" --lang en
status=$?
[ $status -eq 3 ] && exit 77
exit $status
