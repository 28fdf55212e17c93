#!/bin/bash
# Good while something on this host accepts connections on port 80.
exec 3<>/dev/tcp/127.0.0.1/80
