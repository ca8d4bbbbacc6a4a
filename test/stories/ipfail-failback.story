# The same with auto_failback on: when the preferred node is answered by as many ping nodes again, its group goes back.
nodes lb1* lb2    keepalive 500ms  deadtime 2s  initdead 10s  pings 192.0.2.1,192.0.2.254
run 20.3s
----
0.003 lb2 peer-alive lb1 after start
0.003 lb1 peer-alive lb2 after start
0.003 lb1 peer-alive 192.0.2.1 after start
0.003 lb1 peer-alive 192.0.2.254 after start
0.003 lb2 peer-alive 192.0.2.1 after start
0.003 lb2 peer-alive 192.0.2.254 after start
0.003 lb1 takeover nobody has it
0.033 lb1 vip-up 192.0.2.10

unplug lb1
run 10s
----
22.044 lb1 peer-dead 192.0.2.1
22.044 lb1 peer-dead 192.0.2.254
23.056 lb1 vip-down 192.0.2.10
23.086 lb2 takeover lb1 gave it
23.116 lb2 vip-up 192.0.2.10

plug lb1
run 10s
----
30.588 lb1 peer-alive 192.0.2.1 after death
30.588 lb1 peer-alive 192.0.2.254 after death
30.598 lb2 vip-down 192.0.2.10
30.629 lb1 takeover lb2 gave it
30.659 lb1 vip-up 192.0.2.10
