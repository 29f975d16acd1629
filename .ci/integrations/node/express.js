// An Express server that lets in who has a token of the issuer. PORT, ISSUER and AUDIENCE come from the environment.
import express from "express";
import { auth } from "express-oauth2-jwt-bearer";

const { PORT, ISSUER, AUDIENCE } = process.env;
const app = express();
app.use(auth({ issuerBaseURL: ISSUER, audience: AUDIENCE }));
app.get("/", (_request, response) => response.send("welcome"));
// The library puts the status into the error.
app.use((error, _request, response, _next) => response.status(error.status ?? 500).send(error.message));
app.listen(Number(PORT), "127.0.0.1");
