// SPDX-License-Identifier: MIT
// A process of its own that opens a WebSocket, says so, and can then be stopped or killed.

import WebSocket from 'ws';

const socket = new WebSocket(process.argv[2], { perMessageDeflate: false });
socket.on('open', () => process.stdout.write('open\n'));
socket.on('close', (code) => process.stdout.write(`close ${code}\n`));
socket.on('error', () => {});
