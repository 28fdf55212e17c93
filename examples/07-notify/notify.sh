#!/bin/sh
# Records what it is told; put what your service needs here.
echo "$@" >>"${NOTIFY_LOG:-/tmp/ka-node-notify.log}"
