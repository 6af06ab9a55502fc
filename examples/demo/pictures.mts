/** The shop's pictures, drawn as SVG: lamps in a room, by the file names that the page uses. */

interface Room {
  wall: [string, string];
  table: [string, string];
  /** How strongly the lamp glows, 0-1. */
  glow: number;
}

const EVENING: Room = { wall: ['#3d463f', '#1f2622'], table: ['#8d6242', '#4c3020'], glow: 1 };
const DAY: Room = { wall: ['#efe9de', '#d9d1c2'], table: ['#d8b48a', '#b58a5e'], glow: 0.25 };
const STUDIO: Room = { wall: ['#f3efe8', '#e2dbcf'], table: ['#e9e2d7', '#d3cabb'], glow: 0.45 };

function scene(room: Room, light: { x: number; y: number }, subject: string): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 800 640" preserveAspectRatio="xMidYMid slice">
<defs>
<linearGradient id="wall" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="${room.wall[0]}"/><stop offset="1" stop-color="${room.wall[1]}"/></linearGradient>
<linearGradient id="table" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="${room.table[0]}"/><stop offset="1" stop-color="${room.table[1]}"/></linearGradient>
<linearGradient id="brass" x1="0" x2="1"><stop offset="0" stop-color="#7a5a2b"/><stop offset=".35" stop-color="#e6c887"/><stop offset=".6" stop-color="#b48a48"/><stop offset="1" stop-color="#5f441d"/></linearGradient>
<radialGradient id="opal" cx=".5" cy=".72" r=".8"><stop offset="0" stop-color="#fffdf4"/><stop offset=".55" stop-color="${room.glow > 0.5 ? '#ffe9bf' : '#fbf6ea'}"/><stop offset="1" stop-color="${room.glow > 0.5 ? '#e3a961' : '#d8cfbe'}"/></radialGradient>
<radialGradient id="glow"><stop offset="0" stop-color="#ffd793" stop-opacity="${room.glow * 0.85}"/><stop offset=".45" stop-color="#ffbf66" stop-opacity="${room.glow * 0.3}"/><stop offset="1" stop-color="#ffb050" stop-opacity="0"/></radialGradient>
<filter id="soft" x="-50%" y="-50%" width="200%" height="200%"><feGaussianBlur stdDeviation="10"/></filter>
</defs>
<rect width="800" height="640" fill="url(#wall)"/>
<circle cx="${light.x}" cy="${light.y}" r="420" fill="url(#glow)"/>
${subject}
</svg>`;
}

const TABLE = '<rect y="500" width="800" height="140" fill="url(#table)"/><rect y="500" width="800" height="3" fill="#fff" opacity=".18"/>';
const BOOKS = `<g><rect x="92" y="478" width="176" height="22" rx="3" fill="#7b3b2e"/><rect x="104" y="456" width="158" height="22" rx="3" fill="#d9c7a3"/><rect x="98" y="438" width="150" height="18" rx="3" fill="#35564a"/><rect x="112" y="463" width="60" height="3" fill="#8c7a55" opacity=".6"/></g>`;
const MUG = `<g><path d="M628 442h66l-5 50q-1 8-10 8h-36q-9 0-10-8z" fill="#e7e0d3"/><path d="M692 452q26-2 22 18-4 17-25 15" fill="none" stroke="#e7e0d3" stroke-width="7"/><ellipse cx="661" cy="442" rx="33" ry="6" fill="#5b3a26"/></g>`;

/** The table lamp, its foot at (x, 508). */
function tableLamp(x: number, scale = 1): string {
  return `<g transform="translate(${x} 508) scale(${scale})">
<ellipse cx="0" cy="6" rx="150" ry="14" fill="#000" opacity=".35" filter="url(#soft)"/>
<path d="M-82 0q0-22 82-22t82 22v6q0 10-82 10t-82-10z" fill="url(#brass)"/>
<rect x="-7" y="-236" width="14" height="218" fill="url(#brass)"/>
<circle cx="0" cy="-240" r="13" fill="url(#brass)"/>
<path d="M-148-238q4-136 148-140 144 4 148 140 0 10-148 10t-148-10z" fill="url(#opal)"/>
<ellipse cx="0" cy="-237" rx="147" ry="10" fill="#fff6dd" opacity=".75"/>
<path d="M-112-290q18-58 74-72" fill="none" stroke="#fff" stroke-width="9" stroke-linecap="round" opacity=".5"/>
<circle cx="44" cy="-14" r="7" fill="#4a3515"/></g>`;
}

const dimension = (x1: number, y1: number, x2: number, y2: number, text: string, tx: number, ty: number): string =>
  `<line x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}" stroke="#57534a" stroke-width="2"/><text x="${tx}" y="${ty}" font-family="Helvetica, Arial, sans-serif" font-size="22" fill="#3d3a34" text-anchor="middle">${text}</text>`;

/** SVG text by file name. */
export const PICTURES: Readonly<Record<string, string>> = {
  'halden-evening.svg': scene(EVENING, { x: 410, y: 240 }, `<g opacity=".5"><rect x="40" y="40" width="170" height="230" fill="#22303b"/><path d="M125 40v230M40 155h170" stroke="#141a18" stroke-width="7"/></g>${TABLE}${BOOKS}${MUG}${tableLamp(420)}`),
  'halden-day.svg': scene(DAY, { x: 400, y: 250 }, `<path d="M0 0h280l-180 500H0z" fill="#fff" opacity=".35"/>${TABLE}${MUG}${tableLamp(360)}`),
  'halden-dimmer.svg': scene(STUDIO, { x: 320, y: 60 }, `${TABLE}<g transform="translate(-420 -560) scale(2)"><g transform="translate(0 60)">${tableLamp(400)}</g></g>`),
  'halden-size.svg': scene(STUDIO, { x: 400, y: 260 }, `${TABLE}${tableLamp(400)}${dimension(600, 132, 600, 512, '38 cm', 648, 330)}${dimension(252, 96, 548, 96, '30 cm', 400, 82)}`),
  'pendant.svg': scene(EVENING, { x: 400, y: 330 }, '<rect x="397" width="6" height="220" fill="#15110c"/><rect x="380" y="206" width="40" height="30" rx="6" fill="url(#brass)"/><g transform="translate(400 650) scale(1.15)"><path d="M-148-238q4-136 148-140 144 4 148 140 0 10-148 10t-148-10z" fill="url(#opal)"/><ellipse cy="-237" rx="147" ry="10" fill="#fff6dd" opacity=".8"/></g>'),
  'floor.svg': scene(DAY, { x: 440, y: 170 }, '<rect y="560" width="800" height="80" fill="url(#table)"/><ellipse cx="440" cy="584" rx="120" ry="12" fill="#000" opacity=".3" filter="url(#soft)"/><path d="M350 578q0-14 90-14t90 14-90 14-90-14z" fill="url(#brass)"/><rect x="435" y="190" width="10" height="378" fill="url(#brass)"/><path d="M350 196l32-124h116l32 124z" fill="url(#opal)"/><rect x="90" y="400" width="190" height="160" rx="16" fill="#5a6f63"/><rect x="76" y="460" width="218" height="100" rx="18" fill="#6d8375"/>'),
  'wall.svg': scene(EVENING, { x: 380, y: 300 }, '<rect x="366" y="250" width="28" height="130" rx="14" fill="url(#brass)"/><path d="M380 300h70" stroke="url(#brass)" stroke-width="10"/><circle cx="492" cy="292" r="74" fill="url(#opal)"/><rect x="120" y="470" width="520" height="170" rx="14" fill="#2b332e"/><rect x="150" y="440" width="200" height="70" rx="26" fill="#d8d0c0"/>'),
  'shade.svg': scene(STUDIO, { x: 400, y: 330 }, `${TABLE}<ellipse cx="400" cy="512" rx="180" ry="14" fill="#000" opacity=".25" filter="url(#soft)"/><g transform="translate(400 752) scale(1.05)"><path d="M-148-238q4-136 148-140 144 4 148 140 0 10-148 10t-148-10z" fill="url(#opal)"/><ellipse cy="-237" rx="147" ry="10" fill="#efe7d6"/></g>`),
};
