# One director starts alone while somebody forges datagrams in the name of the other: it waits as long as that goes on, and
# takes everything a deadtime after the last one.
nodes lb1* lb2*    keepalive 1s  deadtime 5s  initdead 10s  off lb2
forge lb2 40s
run 39s
----
0.200 lb1 other-key lb2 eth0, waits

run 20.5s
----
44.800 lb1 peer-dead lb2
44.800 lb1 keys-settled lb2 silent
44.800 lb1 takeover lb2 is gone
44.800 lb1 takeover lb2 is gone
44.830 lb1 vip-up 192.0.2.10
44.830 lb1 vip-up 192.0.2.20

# It has everything now: more of it changes nothing. A heartbeat that is killed and started again within its lease keeps what
# it has.
forge lb2 60s
run 5s
kill lb1
start lb1
run 60s
----
60.300 lb1 other-key lb2 eth0
64.900 lb1 other-key lb2 eth0, waits
124.300 lb1 peer-dead lb2
124.300 lb1 keys-settled lb2 silent

# The other one comes up with another key: it hears that somebody is there, and takes nothing.
key lb2 autumn
boot lb2
run 30s
----
125.501 lb2 other-key lb1 eth0, waits
125.503 lb1 other-key lb2 eth0

# The owner dies. Who waited takes over, a deadtime after the last word in its name.
crash lb1
run 10s
----
154.500 lb1 vip-down 192.0.2.10
154.500 lb1 vip-down 192.0.2.20
158.501 lb2 peer-dead lb1
158.501 lb2 keys-settled lb1 silent
158.501 lb2 takeover lb1 is gone
158.501 lb2 takeover lb1 is gone
158.531 lb2 vip-up 192.0.2.10
158.531 lb2 vip-up 192.0.2.20
