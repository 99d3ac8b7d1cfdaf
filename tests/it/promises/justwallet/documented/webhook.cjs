const express = require('express');
const crypto = require('crypto');
const bodyParser = require('body-parser');
const app = express();
const port = 3000; // Replace with your desired port
app.use(bodyParser.json());
app.post('/webhook', (req, res) => {
// Check for the signature
const secret = 'your-secret';
const signature = req.get('signature');
const signSecret = crypto.createHmac('sha256', secret)
.update(JSON.stringify(req.body))
.digest('hex');
if (!signature || (signature !== signSecret)) {
// This request isn't from Just Wallet; discard
return res.status(401).send('Unauthorized');
}
const payload = req.body;
// It's a good idea to log all received events.
console.log(payload);
// Do something (that doesn't take too long) with the payload
return res.status(200).send('OK');
});
app.listen(port, () => {
console.log(`Server is running on port ${port}`);
});
