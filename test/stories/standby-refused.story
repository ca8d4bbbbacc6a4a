# hb_standby while the other is not there, and while something moves: refused with the reason, nothing happens (7.5).
nodes lb1* lb2    keepalive 1s  deadtime 5s  initdead 10s  off lb2
run 5s
standby lb1 all
run 6s
standby lb1 all
run 1s
----
10.000 lb1 peer-dead lb2
10.000 lb1 takeover lb2 is gone
10.030 lb1 vip-up 192.0.2.10
11.000 lb1 refused Other side is in flux: no other node can take them now

boot lb2
run 5s
standby lb1 all
run 5ms
standby lb1 all
run 5s
----
12.002 lb1 peer-alive lb2 after death
12.003 lb2 peer-alive lb1 after start
17.005 lb1 refused ctsync is being started or stopped: try again
17.010 lb1 vip-down 192.0.2.10
17.040 lb2 takeover lb1 gave it
17.070 lb2 vip-up 192.0.2.10
