# The fence device does not answer. It is asked again every 5 s, and the group waits: no shared disk is written by two.
nodes lb1* lb2    keepalive 1s  deadtime 5s  initdead 10s  fence on
run 20.5s
----
0.003 lb2 peer-alive lb1 after start
0.003 lb1 peer-alive lb2 after start
0.003 lb1 takeover nobody has it
0.033 lb1 vip-up 192.0.2.10

fence fails
crash lb1
run 18s
----
20.500 lb1 vip-down 192.0.2.10
22.544 lb2 peer-late lb1
25.044 lb2 peer-dead lb1
25.044 lb2 fence lb1
25.044 lb2 link-dead lb1 eth0
26.044 lb2 fence-failed lb1
26.044 lb2 failed fence lb1
31.044 lb2 fence lb1
32.044 lb2 fence-failed lb1
32.044 lb2 failed fence lb1
37.044 lb2 fence lb1
38.044 lb2 fence-failed lb1
38.044 lb2 failed fence lb1

# A person has looked, lb1 is off, and says so. Nobody waits any longer.
confirm lb2 lb1
run 5s
----
38.500 lb2 takeover lb1 is gone
38.530 lb2 vip-up 192.0.2.10
