import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';

@Entity()
export class User {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ length: 50, unique: true })
  username!: string;

  // "salt:key" in hex, by scrypt.
  @Column({ length: 200 })
  password!: string;
}
