// What JavaScript makes of texts. Reads a file of texts, one a line in base64, and answers each with a line:
//   AGAIN         JSON.stringify(JSON.parse(text)) in base64, or - where the text is no JSON
//   CANONICAL     SHA-256 of the form of RFC 8785 in hex, or - where there is none
//   FLAGS         letters: w the value has Unicode only; l some escape is half of a pair;
//                 j a double holds each number of the text; p so do PHP's integers and floats; z a float is -0

import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";

const STRINGS = /"(?:[^"\\]|\\.)*"/gs;
const NUMBERS = /-?\d[\d.eE+-]*/g;

const [input, output] = process.argv.slice(2);
const lines = readFileSync(input, "utf8").trimEnd().split("\n");
writeFileSync(output, lines.map((line) => answer(Buffer.from(line, "base64").toString())).join("\n"));

function answer(text) {
  let value;
  try {
    value = JSON.parse(text);
  } catch {
    return "- - ";
  }
  const again = Buffer.from(JSON.stringify(value)).toString("base64");
  const form = canonical(value);
  const digest = form === undefined ? "-" : createHash("sha256").update(form).digest("hex");
  return `${again} ${digest} ${flags(text, value)}`;
}

function flags(text, value) {
  const strings = (text.match(STRINGS) ?? []).map((string) => JSON.parse(string));
  const numbers = text.replace(STRINGS, "").match(NUMBERS) ?? [];
  return [
    isUnicode(value) && "w",
    !strings.every((string) => string.isWellFormed()) && "l",
    numbers.every(isHeld) && "j",
    numbers.every((number) => isHeld(number) || isInteger(number)) && "p",
    numbers.some((number) => Object.is(Number(number), -0) && number !== "-0") && "z",
  ].filter(Boolean).join("");
}

function isUnicode(value) {
  if (typeof value === "string") return value.isWellFormed();
  if (value === null || typeof value !== "object") return true;
  return Object.entries(value).every(([name, member]) => name.isWellFormed() && isUnicode(member));
}

function isHeld(number) {
  return Number.isFinite(Number(number)) && digits(number) === digits(String(Number(number)));
}

function isInteger(number) {
  return /^-?\d+$/.test(number) && BigInt.asIntN(64, BigInt(number)) === BigInt(number);
}

function digits(number) {
  const [, whole, fraction = "", exponent = "0"] = /^-?(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(number);
  const all = (whole + fraction).replace(/^0+/, "");
  const significant = all.replace(/0+$/, "");
  if (significant === "") return "0";
  return `${significant}e${BigInt(exponent) - BigInt(fraction.length) + BigInt(all.length - significant.length)}`;
}

// RFC 8785, appendix A, which is not defined for numbers beyond a double and for text that is no Unicode.
function canonical(value) {
  if (!isUnicode(value)) return undefined;
  if (typeof value === "number" && !Number.isFinite(value)) return undefined;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const isArray = Array.isArray(value);
  const parts = isArray
    ? value.map(canonical)
    : Object.keys(value).sort().map((name) => {
        const member = canonical(value[name]);
        return member === undefined ? undefined : `${JSON.stringify(name)}:${member}`;
      });
  if (parts.includes(undefined)) return undefined;
  return isArray ? `[${parts.join(",")}]` : `{${parts.join(",")}}`;
}
