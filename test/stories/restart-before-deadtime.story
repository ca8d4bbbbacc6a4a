# The preferred node loses power and is back before anybody called it dead. Its groups return all the same (the original
# skips the failback then), and nobody had two owners.
nodes lb1* lb2    keepalive 1s  deadtime 5s  initdead 10s
run 20.5s
----
0.003 lb2 peer-alive lb1 after start
0.003 lb1 peer-alive lb2 after start
0.003 lb1 takeover nobody has it
0.033 lb1 vip-up 192.0.2.10

crash lb1
run 2s
boot lb1
run 20s
----
20.500 lb1 vip-down 192.0.2.10
22.503 lb2 peer-alive lb1 after restart
22.503 lb1 peer-alive lb2 after start
22.503 lb1 takeover nobody has it
22.533 lb1 vip-up 192.0.2.10
