// What the SDK says of its own models. JavaScript forgets types, so they are read from the TypeScript that the package
// brings: what an interface declares, and what a method promises to return.

import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";

export class Failed extends Error {}

const INTERFACE = /export interface (\w+) \{(\}|\n[\s\S]*?\n\})/g;
const FIELD = /^ {2}(\w+)(\??): ([^;]+);$/gm;
const ENUM = /export enum (\w+) \{\n([\s\S]*?)\n\}/g;
const MEMBER = /^ {2}\w+ = ("[^"]*"|\d+),$/gm;
const METHOD = /public (?:async )?(\w+)\([^)]*\): Promise<(\w+)>/g;

export class Models {
  #interfaces = new Map();
  #enums = new Map();
  #promises = new Map();

  /** Reads them from the folder of the package. */
  constructor(home) {
    for (const text of sources(path.join(home, "src", "models"))) {
      for (const [, name, body] of text.matchAll(INTERFACE)) {
        const fields = [...body.matchAll(FIELD)];
        this.#interfaces.set(name, new Map(fields.map(([, field, mark, type]) => [field, { optional: mark === "?", type }])));
      }
      for (const [, name, body] of text.matchAll(ENUM)) {
        this.#enums.set(name, [...body.matchAll(MEMBER)].map(([, value]) => JSON.parse(value)));
      }
    }
    for (const text of sources(path.join(home, "src", "api"))) {
      const resource = text.match(/export class (\w+)/)?.[1];
      for (const [, method, type] of text.matchAll(METHOD)) {
        this.#promises.set(`${resource}.${method}`, type);
      }
    }
  }

  /** The model that a method of a resource's class promises to return. */
  promised(resource, method) {
    const type = this.#promises.get(`${resource}.${method}`);
    if (type === undefined) throw new Failed(`the SDK's source says nothing of ${resource}.${method}`);
    return type;
  }

  has(name) {
    return this.#interfaces.has(name);
  }

  /** The names of a model's fields. */
  fields(name) {
    const fields = this.#interfaces.get(name);
    if (fields === undefined) throw new Failed(`the SDK has no model ${name}`);
    return [...fields.keys()];
  }

  /** Fails unless the value is of the type, all the way down. */
  check(value, type, where = type) {
    const fits = (holds) => {
      if (!holds) throw new Failed(`${where} is ${JSON.stringify(value)}, and no ${type}`);
    };
    const wrapped = type.match(/^(.*) \| null$/);
    if (wrapped) {
      if (value !== null) this.check(value, wrapped[1], where);
    } else if (type === "void") {
      fits(value === undefined || value === null);
    } else if (type === "any") {
      fits(value !== undefined);
    } else if (["string", "number", "boolean"].includes(type)) {
      fits(typeof value === type);
    } else if (type === "Date") {
      fits(value instanceof Date && !Number.isNaN(value.getTime()));
    } else if (type.endsWith("[]")) {
      fits(Array.isArray(value));
      value.forEach((item, at) => this.check(item, type.slice(0, -2), `${where}[${at}]`));
    } else if (type.startsWith("{ [key: string]: ")) {
      fits(typeof value === "object" && value !== null);
      const held = type.match(/^\{ \[key: string\]: (.*) \}$/)[1];
      for (const [key, item] of Object.entries(value)) this.check(item, held, `${where}.${key}`);
    } else if (this.#enums.has(type)) {
      fits(this.#enums.get(type).includes(value));
    } else if (this.#interfaces.has(type)) {
      fits(typeof value === "object" && value !== null);
      for (const [field, { optional, type: held }] of this.#interfaces.get(type)) {
        if (!(optional && (value[field] ?? null) === null)) this.check(value[field], held, `${where}.${field}`);
      }
    } else {
      throw new Failed(`the SDK's source does not say what ${type} is`);
    }
  }
}

function sources(folder) {
  return readdirSync(folder).filter((name) => name.endsWith(".ts")).map((name) => readFileSync(path.join(folder, name), "utf8"));
}
