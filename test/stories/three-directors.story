# Three directors, two groups. A group whose owner dies goes to the first of the others by name; the last one has both in
# the end. The first that comes back waits initdead for the one that is still missing, then each gets what prefers it.
nodes lb1* lb2* lb3    keepalive 1s  deadtime 5s  initdead 10s
run 5.3s
----
0.002 lb2 peer-alive lb3 after start
0.002 lb1 peer-alive lb2 after start
0.002 lb3 peer-alive lb2 after start
0.002 lb1 peer-alive lb3 after start
0.003 lb3 peer-alive lb1 after start
0.003 lb2 peer-alive lb1 after start
0.003 lb2 takeover nobody has it
0.004 lb1 takeover nobody has it
0.033 lb2 vip-up 192.0.2.20
0.034 lb1 vip-up 192.0.2.10

crash lb1
run 10s
----
5.300 lb1 vip-down 192.0.2.10
7.544 lb2 peer-late lb1
7.544 lb3 peer-late lb1
10.044 lb2 peer-dead lb1
10.044 lb2 link-dead lb1 eth0
10.044 lb2 takeover lb1 is gone
10.044 lb3 peer-dead lb1
10.044 lb3 link-dead lb1 eth0
10.074 lb2 vip-up 192.0.2.10

crash lb2
run 10s
----
15.300 lb2 vip-down 192.0.2.20
15.300 lb2 vip-down 192.0.2.10
17.584 lb3 peer-late lb2
20.084 lb3 peer-dead lb2
20.084 lb3 link-dead lb2 eth0
20.084 lb3 takeover lb2 is gone
20.084 lb3 takeover lb2 is gone
20.114 lb3 vip-up 192.0.2.10
20.114 lb3 vip-up 192.0.2.20

boot lb1
run 10s
boot lb2
run 10s
----
25.303 lb3 peer-alive lb1 after death
25.303 lb1 peer-alive lb3 after start
35.300 lb1 peer-dead lb2
35.301 lb2 peer-alive lb1 after start
35.301 lb2 peer-alive lb3 after start
35.302 lb1 peer-alive lb2 after death
35.303 lb3 peer-alive lb2 after death
35.310 lb3 vip-down 192.0.2.10
35.313 lb3 vip-down 192.0.2.20
35.340 lb1 takeover lb3 gave it
35.343 lb2 takeover lb3 gave it
35.370 lb1 vip-up 192.0.2.10
35.373 lb2 vip-up 192.0.2.20
